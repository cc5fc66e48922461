"""The change feed's table: written in the same transaction as the change."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Row, Table, Text, delete, func, select

from gatepass.server.storage.database import Counter, Timestamp, metadata
from gatepass.server.storage.statements import insert_many, notify
from gatepass.server.storage.timestamps import milliseconds

change = Table(
    "change",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Timestamp, nullable=False),
    sqlite_autoincrement=True,
)

APPLICATION = "application"  # subject: the application's id
ORGANIZATION = "organization"  # subject: the organization's id
REVOCATION = "revocation"  # subject: the token id in hex
KEY = "key"  # subject: the key id
CLIENT_GONE = "client_gone"  # subject: the client id of a deleted application
KEY_GONE = "key_gone"  # subject: the `kid` of a signing key that was taken out of use at once
CATALOGUE = "catalogue"  # subject: the scope or resource
IMPORT = "import"  # subject: where from; also when the last legacy hash is replaced


class Position(NamedTuple):
    """How far the feed was read: a change's number, and its time (Unix milliseconds).

    The time distinguishes two changes of the same number, for example after a restored backup.
    """

    seq: int
    at: int


START = Position(0, 0)
"""Before the first change."""


class Change(NamedTuple):
    """Something committed; `kind` is one of the words above."""

    position: Position
    kind: str
    subject: str

    @property
    def seq(self) -> int:
        """Return its number."""
        return self.position.seq


def record(connection: Connection, kind: str, subject: str, now: datetime) -> None:
    """Add a change of `subject` to the feed, for every process."""
    record_many(connection, kind, [subject], now)


def record_many(connection: Connection, kind: str, subjects: Iterable[str], now: datetime) -> None:
    """Add a change of each subject to the feed."""
    rows = [{"kind": kind, "subject": subject, "at": now} for subject in subjects]
    insert_many(connection, change, rows)
    notify(connection)


def latest(connection: Connection) -> int:
    """Return the newest sequence number, 0 where there was no change yet."""
    return connection.execute(select(func.max(change.c.seq))).scalar_one() or 0


def newest(connection: Connection) -> Position:
    """Return the place behind the newest change."""
    row = connection.execute(select(change).order_by(change.c.seq.desc()).limit(1)).one_or_none()
    return _place(row) if row else START


def find(connection: Connection, seq: int) -> Change | None:
    """Return the change of a number, None where there is none or it is forgotten."""
    row = connection.execute(select(change).where(change.c.seq == seq)).one_or_none()
    return Change(_place(row), row.kind, row.subject) if row else None


def after(connection: Connection, seq: int, limit: int | None = None) -> list[Change]:
    """Return what was committed since `seq`, oldest first, `limit` changes at most."""
    query = select(change).where(change.c.seq > seq).order_by(change.c.seq).limit(limit)
    return [Change(_place(row), row.kind, row.subject) for row in connection.execute(query)]


def since(connection: Connection, place: Position, limit: int) -> list[Change] | None:
    """Return what was committed since `place`, oldest first, `limit` changes at most.

    None where it is not known.

    That is where the database has no change of that number and time any more: it is an older
    copy or another database, or `place` is forgotten.
    """
    query = select(change).where(change.c.seq >= place.seq).order_by(change.c.seq).limit(limit + 1)
    rows = connection.execute(query).all()
    if place == START:
        return None if rows else []
    if not rows or _place(rows[0]) != place:
        return None
    return [Change(_place(row), row.kind, row.subject) for row in rows[1:]]


def prune(connection: Connection, older_than: datetime) -> None:
    """Forget changes that every running process has long read; the newest number stays known.

    What is kept is always the end of the feed without a gap, even if the clock was set back.
    """
    kept = select(func.min(change.c.seq)).where(change.c.at >= older_than).scalar_subquery()
    last = select(func.max(change.c.seq)).scalar_subquery()
    connection.execute(delete(change).where(change.c.seq < func.coalesce(kept, last)))


def start_over(connection: Connection, now: datetime) -> None:
    """Forget every change, so that whoever follows the feed reads everything again."""
    newest_seq = latest(connection)
    record(connection, IMPORT, "restore", now)
    connection.execute(delete(change).where(change.c.seq <= newest_seq))


def _place(row: Row[Any]) -> Position:
    return Position(row.seq, milliseconds(row.at))
