"""The table of the guards that follow the feed.

It has no foreign key: an application that is deleted meanwhile would hold up all others.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, Table, Text, Uuid, delete, select

from gatepass.server.domain.applications.store import application
from gatepass.server.domain.revocations.followers.model import Followed, Follower, Poll
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Timestamp, metadata
from gatepass.server.storage.statements import insert_into

REVISION = "0034"
"""The revision of the tables that has this one."""

KEPT = timedelta(days=7)
"""How long a silent guard is shown."""

feed_follower = Table(
    "feed_follower",
    metadata,
    Column("application_id", Uuid, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("first_at", Timestamp, nullable=False),
    Column("last_at", Timestamp, nullable=False, index=True),
    Column("behind", BigInteger),
)


def write(connection: Connection, polls: Mapping[Follower, Poll]) -> None:
    """Write the latest requests of guards; one that another process wrote later stays."""
    new = insert_into(connection.dialect.name, feed_follower)
    later = new.on_conflict_do_update(
        index_elements=feed_follower.primary_key.columns,
        set_={"last_at": new.excluded.last_at, "behind": new.excluded.behind},
        where=feed_follower.c.last_at <= new.excluded.last_at,
    )
    rows = [
        {**follower._asdict(), "first_at": at, "last_at": at, "behind": poll.behind}
        for follower, poll in polls.items()
        for at in (datetime.fromtimestamp(poll.at, UTC),)
    ]
    connection.execute(later, rows)


def latest(connection: Connection, limit: int) -> list[Followed]:
    """Return the guards that asked last, the latest first; not those of deleted applications."""
    table, of = feed_follower, application
    columns = (of.c.client_id, of.c.name, of.c.org_id, table.c.source, table.c.agent)
    query = (
        select(*columns, table.c.first_at, table.c.last_at, table.c.behind)
        .join_from(table, of, of.c.id == table.c.application_id)
        .order_by(table.c.last_at.desc(), of.c.client_id, table.c.source, table.c.agent)
    )
    return [Followed(*row) for row in connection.execute(query.limit(limit))]


def prune(connection: Connection, now: datetime) -> int:
    """Forget guards that have not asked for long; return how many, not more than a step's."""
    table = feed_follower
    old = select(table.c.application_id, table.c.source, table.c.agent)
    old = old.where(table.c.last_at < now - KEPT).limit(FORGOTTEN_AT_ONCE)
    rows = connection.execute(old).all()
    for row in rows:
        same = (column == value for column, value in zip(table.primary_key, row, strict=True))
        connection.execute(delete(table).where(*same))
    return len(rows)
