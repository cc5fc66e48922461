"""Reading of organizations. What changes one is in `organization_lifecycle`."""

from uuid import UUID

from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError


def find(context: Context, org_id: UUID) -> Organization:
    """Return an organization of a partner; raise NotFoundError where there is none.

    The operating organization is no partner's.
    """
    found = find_any(context, org_id)
    with context.database.read() as connection:
        check_is_partner(context, connection, org_id)
    return found


def find_any(context: Context, org_id: UUID) -> Organization:
    """Return an organization, the operating one included; raise NotFoundError as `find` does."""
    with context.database.read() as connection:
        found = store.find(connection, org_id)
    if found is None:
        raise NotFoundError(str(org_id))
    return found


def check_is_partner(context: Context, connection: Connection, org_id: UUID) -> None:
    """Raise NotFoundError for the operating organization, in the caller's transaction."""
    if store.find_operating(context.database, connection) == org_id:
        raise NotFoundError(str(org_id))


def find_operating(context: Context) -> UUID | None:
    """Return the id of the operating organization; None before the first operator was added."""
    with context.database.read() as connection:
        return store.find_operating(context.database, connection)


def list_all(context: Context) -> list[Organization]:
    """Return every organization of a partner, oldest first; the operating one is left out."""
    with context.database.read() as connection:
        return store.list_partners(context.database, connection)
