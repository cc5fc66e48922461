"""Finds the client ids that are near one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select

from gatepass.server.domain.applications.store import application

_NEIGHBOURS = 20  # in the order of the index, on either side


def candidates(connection: Connection, typed: str, others: Sequence[str]) -> dict[str, UUID]:
    """Return applications by client id: those next to `typed` in the index, and `others`.

    Three look-ups by the unique index, however many applications there are.
    """
    columns = select(application.c.client_id, application.c.id)
    key = application.c.client_id
    before = columns.where(key < typed).order_by(key.desc()).limit(_NEIGHBOURS)
    after = columns.where(key >= typed).order_by(key).limit(_NEIGHBOURS)
    found = [*connection.execute(before), *connection.execute(after)]
    if others:
        found += connection.execute(columns.where(key.in_(others)))
    return {row.client_id: row.id for row in found}
