"""The audit trail's table."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Table,
    Text,
    Uuid,
    delete,
    func,
    or_,
    select,
)

from gatepass.server.domain.audit.model import OF_OPERATOR, Entry, Filter
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Counter, Timestamp, metadata
from gatepass.server.storage.statements import insert_many

EVERYTHING = Filter()

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
    connection: Connection,
    org_id: UUID,
    *,
    before: int | None = None,
    limit: int = 50,
    wanted: Filter = EVERYTHING,
) -> list[tuple[int, Entry]]:
    """Return an organization's entries before a number, newest first, each with its number.

    What they say of the operator's people is left out.
    """
    found = every(connection, org_id=org_id, before=before, limit=limit, wanted=wanted)
    return [_of_organization(number, entry) for number, entry in found]


def every(
    connection: Connection,
    *,
    org_id: UUID | None = None,
    before: int | None = None,
    limit: int = 50,
    wanted: Filter = EVERYTHING,
) -> list[tuple[int, Entry]]:
    """Return entries as the operator sees them, as `page` does; of all without an organization."""
    query = select(audit).where(*_conditions(wanted))
    if org_id is not None:
        query = query.where(audit.c.org_id == org_id)
    if before is not None:
        query = query.where(audit.c.id < before)
    query = query.order_by(audit.c.id.desc()).limit(limit)
    return [_numbered(row) for row in connection.execute(query)]


def prune(connection: Connection, older_than: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget entries from before `older_than`, `limit` of them at most; return how many."""
    old = select(audit.c.id).where(audit.c.at < older_than).limit(limit)
    return connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.actor:
        yield func.lower(audit.c.actor) == wanted.actor.lower()
    if wanted.client_id:
        # As `record` has written it; within the organization this reads each entry.
        member = json.dumps({"client_id": wanted.client_id}).strip("{}")
        yield audit.c.detail.contains(member, autoescape=True)
    if wanted.actions:
        yield or_(
            *(
                audit.c.action.startswith(each, autoescape=True)
                if each.endswith(".")
                else audit.c.action == each
                for each in wanted.actions
            )
        )
    if wanted.only_refused:
        yield audit.c.result != "ok"
    if wanted.since:
        yield audit.c.at >= wanted.since
    if wanted.until:
        yield audit.c.at < wanted.until


def _of_organization(number: int, entry: Entry) -> tuple[int, Entry]:
    shown = {name: text for name, text in entry.detail.items() if name not in OF_OPERATOR}
    return number, replace(entry, detail=shown)


def _numbered(row: Sequence[Any]) -> tuple[int, Entry]:
    number, *values = row
    values[-1] = json.loads(values[-1])  # the detail
    return number, Entry(*values)
