"""The notices' table."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import Column, Connection, Table, Text, Uuid, delete, insert, select

from gatepass.server.domain.users.notices.model import MOST, Kind, Notice
from gatepass.server.domain.users.store import reference_to_user
from gatepass.server.storage.database import Timestamp, metadata

notice = Table(
    "notice",
    metadata,
    Column("id", Uuid, primary_key=True),
    reference_to_user(),
    Column("at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", Text, nullable=False),
)


def add(connection: Connection, new: Notice) -> None:
    """Add a notice; of more than MOST the oldest are removed."""
    connection.execute(insert(notice).values(**asdict(new)))
    kept = [each.id for each in of_user(connection, new.user_id)[:MOST]]
    own = notice.c.user_id == new.user_id
    connection.execute(delete(notice).where(own, notice.c.id.not_in(kept)))


def of_user(connection: Connection, user_id: UUID) -> list[Notice]:
    """Return the notices of a person, newest first."""
    query = select(notice).where(notice.c.user_id == user_id)
    rows = connection.execute(query.order_by(notice.c.at.desc(), notice.c.id))
    return [Notice(*row) for row in rows]


def remove(connection: Connection, user_id: UUID, notice_id: UUID) -> bool:
    """Remove one notice of a person; return whether there was one."""
    own = notice.c.user_id == user_id
    removed = connection.execute(delete(notice).where(own, notice.c.id == notice_id))
    return removed.rowcount == 1


def remove_kind(connection: Connection, user_id: UUID, kind: Kind) -> None:
    """Remove the notices of one kind of a person."""
    own = notice.c.user_id == user_id
    connection.execute(delete(notice).where(own, notice.c.kind == kind))
