"""The revocations' table."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    delete,
    select,
    type_coerce,
)

from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Timestamp, metadata
from gatepass.server.storage.statements import insert_into

_AT_A_TIME = 10_000  # rows, when all are read

revocation = Table(
    "revocation",
    metadata,
    Column("token_id", LargeBinary, primary_key=True),
    Column("expires_at", Timestamp, nullable=False, index=True),
)


def add(connection: Connection, token_id: bytes, expires_at: datetime) -> None:
    """Revoke a token until it would have expired; doing so again changes nothing."""
    new = insert_into(connection.dialect.name, revocation).values(
        token_id=token_id, expires_at=expires_at
    )
    connection.execute(new.on_conflict_do_nothing())


def unexpired(connection: Connection, now: datetime) -> Iterator[tuple[bytes, int]]:
    """Return the revoked token ids that still matter, with the Unix second each expires in."""
    milliseconds = type_coerce(revocation.c.expires_at, BigInteger)
    query = select(revocation.c.token_id, milliseconds).where(revocation.c.expires_at > now)
    for row in connection.execution_options(yield_per=_AT_A_TIME).execute(query):
        yield row[0], row[1] // 1000


def find(connection: Connection, token_id: bytes) -> datetime | None:
    """Return the moment a revoked token expires, or None where it is not revoked."""
    query = select(revocation.c.expires_at).where(revocation.c.token_id == token_id)
    return connection.execute(query).scalar_one_or_none()


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget tokens that have expired anyway, `limit` of them at most; return how many."""
    expired = select(revocation.c.token_id).where(revocation.c.expires_at <= now).limit(limit)
    return connection.execute(delete(revocation).where(revocation.c.token_id.in_(expired))).rowcount
