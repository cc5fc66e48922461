"""The outbox's table."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from gatepass.server.domain.changes.outbox.model import KEPT, LEASE, Channel, State
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Counter, Timestamp, metadata

REVISION = "0012"
"""The revision since which the table is there."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("give_up_at", Timestamp, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Timestamp),
    Column("sent_at", Timestamp),
    Column("failed_at", Timestamp),
    Column("error", Text, nullable=False),
    Index(None, "channel", "due_at"),
    sqlite_autoincrement=True,
)
_is_ended = or_(outbox.c.sent_at.is_not(None), outbox.c.failed_at.is_not(None))
_IN_STATE = {
    "waiting": outbox.c.due_at.is_not(None),
    "sent": outbox.c.sent_at.is_not(None),
    "failed": outbox.c.failed_at.is_not(None),
}


class Row(NamedTuple):
    """A row of the table; `content` is encrypted, and empty once the message was sent."""

    id: int
    channel: Channel
    kind: str
    address: str
    content: bytes
    created_at: datetime
    give_up_at: datetime
    attempts: int
    due_at: datetime | None
    sent_at: datetime | None
    failed_at: datetime | None
    error: str


def add(
    connection: Connection,
    channel: Channel,
    kind: str,
    address: str,
    content: bytes,
    now: datetime,
    give_up_at: datetime,
) -> None:
    """Add a message that is to be sent at once."""
    connection.execute(
        insert(outbox).values(
            channel=channel,
            kind=kind,
            address=address,
            content=content,
            created_at=now,
            give_up_at=give_up_at,
            attempts=0,
            due_at=now,
            error="",
        )
    )


def count_since(connection: Connection, kind: str, since: datetime) -> int:
    """Return how many messages of a kind were added since then."""
    is_new = (outbox.c.kind == kind) & (outbox.c.created_at > since)
    counted = select(func.count()).select_from(outbox).where(is_new)
    number: int = connection.execute(counted).scalar_one()
    return number


def is_any_due(connection: Connection, channel: Channel, now: datetime) -> bool:
    """Return whether a message should be tried now."""
    query = select(outbox.c.id).where(outbox.c.channel == channel, outbox.c.due_at <= now)
    return connection.execute(query.limit(1)).first() is not None


def oldest_waiting(connection: Connection, channel: Channel) -> datetime | None:
    """Return since when the oldest message waits; None where none waits."""
    waiting = (outbox.c.channel == channel) & _IN_STATE["waiting"]
    at: datetime | None = connection.execute(
        select(func.min(outbox.c.created_at)).where(waiting)
    ).scalar()
    return at


def claim(
    connection: Connection, channel: Channel, kinds: Collection[str], now: datetime, limit: int
) -> list[Row]:
    """Take the messages that are due; for `LEASE` no other process takes them.

    Those of a kind that is not known here wait for a program that knows it.
    """
    due = (
        select(outbox)
        .where(outbox.c.channel == channel, outbox.c.due_at <= now, outbox.c.kind.in_(kinds))
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(limit)
    )
    rows = [Row(*row) for row in connection.execute(due)]
    ids = [row.id for row in rows]
    taken = {"due_at": now + LEASE, "attempts": outbox.c.attempts + 1}
    connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(taken))
    return [row._replace(attempts=row.attempts + 1) for row in rows]


def record_sent(connection: Connection, message_id: int, now: datetime) -> None:
    """Note that a message was sent, and forget what it said."""
    ended = {"sent_at": now, "due_at": None, "content": b"", "error": ""}
    connection.execute(update(outbox).where(outbox.c.id == message_id).values(ended))


def record_failed(connection: Connection, message_id: int, now: datetime, error: str) -> None:
    """Note that a message will not be sent, unless somebody says so."""
    ended = {"failed_at": now, "due_at": None, "error": error}
    connection.execute(update(outbox).where(outbox.c.id == message_id).values(ended))


def remove(connection: Connection, message_id: int) -> bool:
    """Delete a message; return whether it was still there."""
    return connection.execute(delete(outbox).where(outbox.c.id == message_id)).rowcount == 1


def postpone(connection: Connection, message_id: int, until: datetime, error: str) -> None:
    """Try a message again then."""
    later = {"due_at": until, "error": error}
    connection.execute(update(outbox).where(outbox.c.id == message_id).values(later))


def retry(
    connection: Connection,
    channel: Channel,
    ids: Sequence[int] | None,
    now: datetime,
    give_up_at: datetime,
) -> int:
    """Try messages now that have failed or wait, all of them without `ids`; return how many."""
    wanted = outbox.c.failed_at.is_not(None) if ids is None else outbox.c.id.in_(ids)
    again = {"due_at": now, "failed_at": None, "give_up_at": give_up_at}
    unsent = outbox.c.sent_at.is_(None)
    query = update(outbox).where(outbox.c.channel == channel, unsent, wanted).values(again)
    return connection.execute(query).rowcount


def contents(connection: Connection) -> list[tuple[int, bytes]]:
    """Return the ids and the encrypted content of the messages that were not sent."""
    query = select(outbox.c.id, outbox.c.content).where(outbox.c.sent_at.is_(None))
    return [(message_id, content) for message_id, content in connection.execute(query)]


def change_content(connection: Connection, message_id: int, content: bytes) -> None:
    """Replace a message's encrypted content."""
    connection.execute(update(outbox).where(outbox.c.id == message_id).values(content=content))


def fail_all(connection: Connection, now: datetime, error: str) -> int:
    """Note that no message that waits will be sent, unless somebody says so; return how many."""
    ended = {"failed_at": now, "due_at": None, "error": error}
    return connection.execute(
        update(outbox).where(outbox.c.due_at.is_not(None)).values(ended)
    ).rowcount


def find(connection: Connection, channel: Channel, message_id: int) -> Row | None:
    """Return the message with this number."""
    is_it = (outbox.c.id == message_id) & (outbox.c.channel == channel)
    row = connection.execute(select(outbox).where(is_it)).one_or_none()
    return Row(*row) if row else None


def newest(
    connection: Connection,
    channel: Channel,
    state: State | None,
    limit: int,
    before: int | None = None,
) -> list[Row]:
    """Return the newest messages, those in one state or all, with a smaller id than `before`."""
    query = select(outbox).where(outbox.c.channel == channel).order_by(outbox.c.id.desc())
    if before is not None:
        query = query.where(outbox.c.id < before)
    if state:
        query = query.where(_IN_STATE[state])
    return [Row(*row) for row in connection.execute(query.limit(limit))]


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget messages that ended long ago, `limit` at most; return how many."""
    old = select(outbox.c.id).where(_is_ended, outbox.c.created_at < now - KEPT).limit(limit)
    return connection.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount
