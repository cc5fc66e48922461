"""Finding organizations."""

from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.search import store
from gatepass.server.domain.organizations.search.model import (
    Page,
    Position,
    Wanted,
    write_cursor,
)
from gatepass.server.domain.organizations.search.names import operations as names
from gatepass.server.storage.database import Connection


def page(context: Context, wanted: Wanted, *, limit: int, after: Position | None) -> Page:
    """Return a page of partners' organizations, newest first, that comes after a position."""
    with context.database.read() as connection:
        found = _find(context, connection, wanted, after, limit + 1)
    shown = found[:limit]
    return Page(shown, write_cursor(shown[-1]) if len(found) > limit else None)


def _find(
    context: Context, connection: Connection, wanted: Wanted, after: Position | None, limit: int
) -> list[Organization]:
    """Find by the index of names where it is ready, else among all organizations."""
    if wanted.text:
        found = names.find(context.database, connection, wanted, after, limit)
        if found is not None:
            return found
    return store.find(context.database, connection, wanted, after, limit)
