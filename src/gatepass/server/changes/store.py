"""The change feed's table: written in the same transaction as the change."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, Connection, Table, Text, delete, func, insert, select

from gatepass.server.database import Counter, Moment, metadata

change = Table(
    "change",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

APPLICATION = "application"  # subject: the application's id
ORGANIZATION = "organization"  # subject: the organization's id
REVOCATION = "revocation"  # subject: the token id in hex
KEY = "key"  # subject: the key id
CATALOGUE = "catalogue"  # subject: the scope or resource
IMPORT = "import"  # subject: where from; also told when the last old hash is replaced


class Change(NamedTuple):
    """Something committed; `kind` is one of the words above."""

    seq: int
    kind: str
    subject: str


def record(connection: Connection, kind: str, subject: str, now: datetime) -> None:
    """Tell every process that `subject` is not what it was."""
    connection.execute(insert(change).values(kind=kind, subject=subject, at=now))


def latest(connection: Connection) -> int:
    """Give the newest sequence number, 0 where there was no change yet."""
    return connection.execute(select(func.max(change.c.seq))).scalar_one() or 0


def after(connection: Connection, seq: int) -> list[Change]:
    """Give what was committed since `seq`, oldest first."""
    query = (
        select(change.c.seq, change.c.kind, change.c.subject)
        .where(change.c.seq > seq)
        .order_by(change.c.seq)
    )
    return [Change(*row) for row in connection.execute(query)]


def prune(connection: Connection, older_than: datetime) -> None:
    """Forget changes that every running process has long read; the newest number stays known."""
    newest = select(func.max(change.c.seq)).scalar_subquery()
    connection.execute(delete(change).where(change.c.at < older_than, change.c.seq < newest))
