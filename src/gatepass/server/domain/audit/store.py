"""The audit trail's table."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Index, Table, Text, Uuid, delete, select

from gatepass.server.domain.audit.model import Entry
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Counter, Timestamp, metadata
from gatepass.server.storage.statements import insert_many

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
    names = [each.name for each in fields(Entry)]
    values = attrgetter(*names)
    rows = [dict(zip(names, values(each), strict=True)) for each in entries]
    insert_many(connection, audit, [row | {"detail": json.dumps(row["detail"])} for row in rows])


def page(
    connection: Connection, org_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[tuple[int, Entry]]:
    """Return an organization's entries before a number, newest first, each with its number."""
    query = select(audit).where(audit.c.org_id == org_id).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [_numbered(row) for row in connection.execute(query)]


def prune(connection: Connection, older_than: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget entries from before `older_than`, `limit` of them at most; return how many."""
    old = select(audit.c.id).where(audit.c.at < older_than).limit(limit)
    return connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def _numbered(row: Sequence[Any]) -> tuple[int, Entry]:
    number, *values = row
    values[-1] = json.loads(values[-1])  # the detail
    return number, Entry(*values)
