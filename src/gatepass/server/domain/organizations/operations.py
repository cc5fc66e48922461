"""Reading of organizations. What changes one is in `organization_lifecycle`."""

from uuid import UUID

from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.storage.errors import NotFoundError


def find(context: Context, org_id: UUID) -> Organization:
    """Return an organization; raise NotFoundError where there is none."""
    with context.database.read() as connection:
        found = store.find(connection, org_id)
    if found is None:
        raise NotFoundError(str(org_id))
    return found


def list_all(context: Context) -> list[Organization]:
    """Return every organization, oldest first."""
    with context.database.read() as connection:
        return store.list_all(connection)
