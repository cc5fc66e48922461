"""The table of the assertions that were used, until they expire."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, delete, select, true

from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_into

REVISION = "0033"
"""The revision of the tables that has this one."""

used_assertion = Table(
    "used_assertion",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("expires_at", Timestamp, nullable=False, index=True),
)


def add(connection: Connection, used: Mapping[bytes, datetime]) -> Collection[bytes]:
    """Note that assertions are used, each with when it expires; return those that are new."""
    rows = as_rows((digest.hex(), end) for digest, end in used.items())
    added = connection.execute(_adding(connection.dialect.name), {"rows": rows}).scalars()
    return frozenset(map(bytes.fromhex, added))


@cache
def _adding(dialect: str) -> Any:  # noqa: ANN401 - of one dialect
    columns = list(used_assertion.c)
    given = given_rows(dialect, columns)
    # with a condition, as SQLite would otherwise take ON CONFLICT for one of a join
    new = insert_into(dialect, used_assertion).from_select(columns, select(given).where(true()))
    return new.on_conflict_do_nothing().returning(used_assertion.c.digest)


def has_expired(connection: Connection, now: datetime) -> bool:
    """Return whether there is an assertion that has expired."""
    expired = select(used_assertion.c.digest).where(used_assertion.c.expires_at <= now)
    return connection.execute(expired.limit(1)).first() is not None


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget assertions that have expired, `limit` of them at most; return how many."""
    table = used_assertion
    expired = select(table.c.digest).where(table.c.expires_at <= now).limit(limit)
    return connection.execute(delete(table).where(table.c.digest.in_(expired))).rowcount
