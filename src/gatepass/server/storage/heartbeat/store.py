"""The row that is written to learn whether the database takes changes; no change of the feed."""

from datetime import datetime

from sqlalchemy import Column, Connection, SmallInteger, Table, insert, select, update

from gatepass.server.storage.database import Timestamp, metadata

_ONLY = 1

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
)


def write(connection: Connection, now: datetime) -> None:
    """Write the time of now to the only row."""
    changed = connection.execute(update(heartbeat).values(at=now))
    if not changed.rowcount:
        connection.execute(insert(heartbeat).values(id=_ONLY, at=now))


def last(connection: Connection) -> datetime | None:
    """Return when the database last took a change, None where no server has tried."""
    at: datetime | None = connection.execute(select(heartbeat.c.at)).scalar_one_or_none()
    return at
