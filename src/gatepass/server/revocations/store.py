"""The revocations' table."""

from datetime import datetime

from sqlalchemy import Column, Connection, LargeBinary, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gatepass.server.database import Moment, metadata

revocation = Table(
    "revocation",
    metadata,
    Column("token_id", LargeBinary, primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
)


def add(connection: Connection, token_id: bytes, expires_at: datetime) -> None:
    """Revoke a token until it would have expired; doing so again changes nothing."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {"token_id": token_id, "expires_at": expires_at}
    connection.execute(dialect.insert(revocation).values(values).on_conflict_do_nothing())


def unexpired(connection: Connection, now: datetime) -> dict[bytes, datetime]:
    """Give the revoked token ids that still matter, with the moment each expires."""
    query = select(revocation).where(revocation.c.expires_at > now)
    return {row.token_id: row.expires_at for row in connection.execute(query)}


def find(connection: Connection, token_id: bytes) -> datetime | None:
    """Give the moment a revoked token expires, or None where it is not revoked."""
    query = select(revocation.c.expires_at).where(revocation.c.token_id == token_id)
    return connection.execute(query).scalar_one_or_none()


def prune(connection: Connection, now: datetime) -> None:
    """Forget tokens that have expired anyway."""
    connection.execute(delete(revocation).where(revocation.c.expires_at <= now))
