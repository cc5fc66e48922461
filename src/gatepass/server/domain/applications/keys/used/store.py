"""The table of the assertions that were used, until they expire."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Column, Connection, LargeBinary, Table, delete, select

from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Timestamp, metadata
from gatepass.server.storage.statements import insert_into

REVISION = "0032"
"""The revision of the tables that has this one."""

used_assertion = Table(
    "used_assertion",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_at", Timestamp, nullable=False, index=True),
)


def add(connection: Connection, used: Mapping[bytes, datetime]) -> Collection[bytes]:
    """Note that assertions are used, each with when it expires; return those that are new."""
    rows = [{"digest": digest, "expires_at": end} for digest, end in used.items()]
    new = insert_into(connection.dialect.name, used_assertion).values(rows)
    added = new.on_conflict_do_nothing().returning(used_assertion.c.digest)
    return frozenset(connection.execute(added).scalars())


def has_expired(connection: Connection, now: datetime) -> bool:
    """Return whether there is an assertion that has expired."""
    expired = select(used_assertion.c.digest).where(used_assertion.c.expires_at <= now)
    return connection.execute(expired.limit(1)).first() is not None


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget assertions that have expired, `limit` of them at most; return how many."""
    table = used_assertion
    expired = select(table.c.digest).where(table.c.expires_at <= now).limit(limit)
    return connection.execute(delete(table).where(table.c.digest.in_(expired))).rowcount
