"""The table of reports that wait to be looked up."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import NamedTuple

from sqlalchemy import Column, Connection, LargeBinary, Table, Text, Uuid, delete, select

from gatepass.server.domain.applications.secrets.leaks.store import REVISION
from gatepass.server.domain.revocations.leak_reports.model import LeakReport
from gatepass.server.storage.database import Counter, Timestamp, metadata
from gatepass.server.storage.statements import insert_many

__all__ = ["REVISION", "Waiting", "add", "leak_report", "oldest", "take"]

leak_report = Table(
    "leak_report",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("received_at", Timestamp, nullable=False),
    Column("source", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("application_id", Uuid),
    Column("client_id", Text, nullable=False),
    Column("expires_at", Timestamp),
)


class Waiting(NamedTuple):
    """A report that waits, with its number."""

    id: int
    report: LeakReport


def add(connection: Connection, reports: Sequence[LeakReport]) -> None:
    """Add reports."""
    insert_many(connection, leak_report, [asdict(each) for each in reports])


def oldest(connection: Connection, limit: int) -> list[Waiting]:
    """Return the reports that wait, the oldest first."""
    query = select(leak_report).order_by(leak_report.c.id).limit(limit)
    return [Waiting(row[0], LeakReport(*row[1:])) for row in connection.execute(query)]


def take(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Remove reports; return which of them were there, as another process may be faster."""
    gone = delete(leak_report).where(leak_report.c.id.in_(ids)).returning(leak_report.c.id)
    return set(connection.execute(gone).scalars())
