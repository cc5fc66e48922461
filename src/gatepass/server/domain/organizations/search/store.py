"""The list of organizations, newest first, from any position on."""

from sqlalchemy import Connection, select, tuple_

from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.search.model import Position, Wanted
from gatepass.server.domain.organizations.store import find_operating, is_suspended, organization
from gatepass.server.storage.database import Database
from gatepass.server.storage.statements import has_text


def find(
    database: Database,
    connection: Connection,
    wanted: Wanted,
    after: Position | None,
    limit: int,
) -> list[Organization]:
    """Return organizations that come after a position, newest first; not the operating one."""
    query = select(organization)
    operating = find_operating(database, connection)
    if operating is not None:
        query = query.where(organization.c.id != operating)
    if wanted.text:
        query = query.where(has_text(organization.c.name, wanted.text))
    if wanted.state:
        query = query.where(is_suspended if wanted.state == "suspended" else ~is_suspended)
    order = (organization.c.created_at, organization.c.id)
    if after is not None:
        position = tuple_(*after, types=[each.type for each in order])
        query = query.where(tuple_(*order) < position)
    ordered = query.order_by(*(each.desc() for each in order)).limit(limit)
    return [Organization(*row) for row in connection.execute(ordered)]
