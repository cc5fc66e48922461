"""Which client secrets a change of a policy concerns, in numbers."""

from uuid import UUID

from gatepass.server.domain.applications.secrets.affected import store
from gatepass.server.domain.context import Context


def with_secret(context: Context, org_id: UUID | None) -> int:
    """Return how many applications of an organization, or of all, have a secret that works."""
    with context.database.read() as connection:
        return store.count_with_secret(connection, org_id, context.now())


def longer_than(context: Context, org_id: UUID | None, lifetime: int) -> int:
    """Return how many secrets that work live longer than `lifetime` seconds."""
    with context.database.read() as connection:
        return store.count_longer(connection, org_id, lifetime, context.now())
