"""The audit trail's table."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Index, Row, Table, Text, Uuid, delete, insert, select

from gatepass.server.domain.audit.model import Entry
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Counter, Timestamp, metadata

audit = Table(
    "audit",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("at", Timestamp, nullable=False, index=True),
    Column("org_id", Uuid),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "org_id", "id"),
    sqlite_autoincrement=True,
)


def record(connection: Connection, *entries: Entry) -> None:
    """Add entries within the caller's transaction."""
    connection.execute(insert(audit), [_row(each) for each in entries])


def page(
    connection: Connection, org_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[tuple[int, Entry]]:
    """Return an organization's entries before a number, newest first, each with its number."""
    query = select(audit).where(audit.c.org_id == org_id).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [(row.id, _entry(row)) for row in connection.execute(query)]


def prune(connection: Connection, older_than: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget entries from before `older_than`, `limit` of them at most; return how many."""
    old = select(audit.c.id).where(audit.c.at < older_than).limit(limit)
    return connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def _row(each: Entry) -> dict[str, object]:
    return {
        "at": each.at,
        "org_id": each.org_id,
        "actor": each.actor,
        "action": each.action,
        "subject": each.subject,
        "result": each.result,
        "source": each.source,
        "detail": json.dumps(each.detail),
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        at=row.at,
        org_id=row.org_id,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        result=row.result,
        source=row.source,
        detail=json.loads(row.detail),
    )
