"""The login failures' table, shared by every process."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, Integer, Table, Text, delete, func, select, update

from gatepass.server.domain.throttling.model import FORGOTTEN_AFTER, Limit
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert

MOST_KEPT = 100_000  # rows

throttle = Table(
    "throttle",
    metadata,
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_failed_at", Timestamp, nullable=False),
)


def attempt(connection: Connection, limits: Sequence[Limit], now: datetime) -> int:
    """Count an attempt as failed until `succeed` says otherwise; return the seconds to wait.

    Counting first means that guesses made side by side cannot all slip under a limit. An
    attempt that must wait is not counted.
    """
    query = select(throttle).where(throttle.c.key.in_([limit.key for limit in limits]))
    past = {row.key: row for row in connection.execute(query)}
    waits = [
        limit.wait(past[limit.key].failures, past[limit.key].last_failed_at, now)
        for limit in limits
        if limit.key in past
    ]
    if any(waits):
        return max(waits)
    for limit in limits:
        row = past.get(limit.key)
        counts = row is not None and now - row.last_failed_at <= FORGOTTEN_AFTER
        failures = row.failures + 1 if row and counts else 1
        upsert(connection, throttle, key=limit.key, failures=failures, last_failed_at=now)
    return 0


def succeed(connection: Connection, limits: Sequence[Limit]) -> None:
    """Forget the account's failures, as the visitor knew the password.

    Of failures on several accounts only this attempt, which was none, is taken back.
    """
    own = [limit.key for limit in limits if not limit.is_shared]
    shared = [limit.key for limit in limits if limit.is_shared]
    connection.execute(delete(throttle).where(throttle.c.key.in_(own)))
    connection.execute(
        update(throttle).where(throttle.c.key.in_(shared)).values(failures=throttle.c.failures - 1)
    )


def take_back(connection: Connection, limits: Sequence[Limit]) -> None:
    """Uncount an attempt that was never looked at, because the server was too busy."""
    keys = [limit.key for limit in limits]
    connection.execute(
        update(throttle).where(throttle.c.key.in_(keys)).values(failures=throttle.c.failures - 1)
    )


def prune(connection: Connection, now: datetime) -> None:
    """Forget what is too old to count."""
    connection.execute(delete(throttle).where(throttle.c.last_failed_at < now - FORGOTTEN_AFTER))


def surplus(connection: Connection, most: int = MOST_KEPT) -> int:
    """Return by how many rows the table is over its bound."""
    rows = connection.execute(select(func.count()).select_from(throttle)).scalar_one()
    return max(0, rows - most)


def drop_least(connection: Connection, rows: int) -> None:
    """Drop the rows with the fewest failures, and of those the oldest.

    Who must wait has more failures than a stranger leaves who fills the table with new names
    and sources: to drop a row, they would have to fail as often under each of 100,000 keys.
    """
    order = throttle.c.failures, throttle.c.last_failed_at
    least = select(throttle.c.key).order_by(*order).limit(rows)
    connection.execute(delete(throttle).where(throttle.c.key.in_(least)))
