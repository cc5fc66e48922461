"""The sessions' and devices' tables: ids are kept as SHA-256 digests only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    Text,
    cast,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from gatepass.server.domain.organizations.policies.model import OPERATOR
from gatepass.server.domain.organizations.policies.store import policy
from gatepass.server.domain.users.sessions.model import Session
from gatepass.server.domain.users.store import reference_to_user, user
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert
from gatepass.server.storage.timestamps import milliseconds

session = Table(
    "session",
    metadata,
    Column("id_digest", LargeBinary, primary_key=True),
    reference_to_user(),
    Column("created_at", Timestamp, nullable=False),
    Column("last_seen_at", Timestamp, nullable=False),
    Column("source", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("flash", Text),
    Column("once", LargeBinary),
    Column("once_expires_at", Timestamp),
)

device = Table(
    "device",
    metadata,
    Column("id_digest", LargeBinary, primary_key=True),
    reference_to_user(),
    Column("last_seen_at", Timestamp, nullable=False),
)


def find(connection: Connection, id_digest: bytes) -> Session | None:
    """Return the session with this id."""
    row = connection.execute(select(session).where(session.c.id_digest == id_digest)).one_or_none()
    return Session(*row) if row else None


def of_user(connection: Connection, user_id: UUID) -> list[Session]:
    """Return somebody's sessions, the latest seen first."""
    query = select(session).where(session.c.user_id == user_id)
    return [
        Session(*row) for row in connection.execute(query.order_by(session.c.last_seen_at.desc()))
    ]


def add(connection: Connection, new: Session) -> None:
    """Add a session."""
    connection.execute(insert(session).values(**new._asdict()))


def change(connection: Connection, id_digest: bytes, values: Mapping[str, Any]) -> bool:
    """Set columns of a session; return whether it was still there."""
    query = update(session).where(session.c.id_digest == id_digest).values(**values)
    return connection.execute(query).rowcount == 1


def end(connection: Connection, id_digest: bytes) -> bool:
    """End one session; return whether it was still there."""
    query = delete(session).where(session.c.id_digest == id_digest)
    return connection.execute(query).rowcount == 1


def end_of_user(connection: Connection, user_id: UUID, *, but: bytes | None = None) -> None:
    """End somebody's sessions, all but the one with the id `but`."""
    ended = session.c.user_id == user_id
    connection.execute(delete(session).where(ended & (session.c.id_digest != (but or b""))))


def end_of_organization(connection: Connection, org_id: UUID) -> None:
    """End the sessions of everybody in an organization."""
    users = select(user.c.id).where(user.c.org_id == org_id)
    connection.execute(delete(session).where(session.c.user_id.in_(users)))


def count(connection: Connection) -> int:
    """Return how many sessions there are."""
    return connection.execute(select(func.count()).select_from(session)).scalar_one()


def end_all(connection: Connection) -> int:
    """End the sessions of everybody; return how many there were."""
    return connection.execute(delete(session)).rowcount


def prune(connection: Connection, idle_since: datetime, devices_since: datetime) -> None:
    """Forget sessions nobody used since `idle_since`, and devices since `devices_since`."""
    connection.execute(delete(session).where(session.c.last_seen_at < idle_since))
    connection.execute(delete(device).where(device.c.last_seen_at < devices_since))


def end_past_policy(connection: Connection, now: datetime) -> None:
    """End the sessions that are over by the limits of the operator or of their organization."""
    rules = policy.c.org_id.in_((OPERATOR, user.c.org_id))

    def is_past(since: Column[datetime], limit: Column[int]) -> ColumnElement[bool]:
        age = milliseconds(now) - type_coerce(since, BigInteger)
        return age >= cast(limit, BigInteger) * 1000

    over = (
        select(policy.c.org_id)
        .select_from(policy.join(user, rules))
        .where(user.c.id == session.c.user_id)
        .where(
            is_past(session.c.last_seen_at, policy.c.session_idle)
            | is_past(session.c.created_at, policy.c.session_absolute)
        )
    )
    connection.execute(delete(session).where(over.correlate(session).exists()))


def owner_of_device(
    connection: Connection, id_digest: bytes, by: Literal["username", "email_key"] = "username"
) -> str | None:
    """Return the username, or the address key, of who has logged in from this browser before.

    None for nobody. Looked up by the browser alone: for one that nobody has used, no name is
    compared.
    """
    query = select(user.c[by]).select_from(device.join(user))
    return connection.execute(query.where(device.c.id_digest == id_digest)).scalar_one_or_none()


def remember_device(connection: Connection, id_digest: bytes, user_id: UUID, now: datetime) -> None:
    """Remember that this person has logged in from this browser."""
    upsert(connection, device, id_digest=id_digest, user_id=user_id, last_seen_at=now)


def forget_device(connection: Connection, id_digest: bytes) -> None:
    """Forget a browser."""
    connection.execute(delete(device).where(device.c.id_digest == id_digest))
