"""The logins' table: the last few of each person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, Uuid, delete, select

from gatepass.server.domain.users.sessions.logins.model import MOST_KEPT, PastLogin
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert

REVISION = "0015"
"""The revision of the tables that has this one."""

login = Table(
    "login",
    metadata,
    Column(
        "person_id",
        Uuid,
        ForeignKey("person.id", ondelete="CASCADE"),
        key="user_id",
        primary_key=True,
    ),
    Column("at", Timestamp, primary_key=True),
    Column("source", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("methods", Text, nullable=False),
)


def record(connection: Connection, new: PastLogin) -> None:
    """Add a login, and forget the person's oldest ones."""
    upsert(connection, login, **new._asdict())
    of_person = select(login.c.at).where(login.c.user_id == new.user_id)
    oldest_kept = of_person.order_by(login.c.at.desc()).offset(MOST_KEPT - 1).limit(1)
    older = login.c.at < oldest_kept.scalar_subquery()
    connection.execute(delete(login).where(login.c.user_id == new.user_id, older))


def before(connection: Connection, user_id: UUID, moment: datetime) -> PastLogin | None:
    """Return somebody's last login before a moment."""
    query = select(login).where(login.c.user_id == user_id, login.c.at < moment)
    row = connection.execute(query.order_by(login.c.at.desc()).limit(1)).one_or_none()
    return PastLogin(*row) if row else None
