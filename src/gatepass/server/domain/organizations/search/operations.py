"""Finding organizations."""

from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.search import store
from gatepass.server.domain.organizations.search.model import (
    Page,
    Position,
    Wanted,
    write_cursor,
)


def page(context: Context, wanted: Wanted, *, limit: int, after: Position | None) -> Page:
    """Return a page of partners' organizations, newest first, that comes after a position."""
    with context.database.read() as connection:
        found = store.find(context.database, connection, wanted, after, limit + 1)
    shown = found[:limit]
    return Page(shown, write_cursor(shown[-1]) if len(found) > limit else None)
