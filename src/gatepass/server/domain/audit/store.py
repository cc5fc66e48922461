"""The audit trail's table."""

import json
from collections.abc import Collection, Iterator, Sequence
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
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

from gatepass.server.domain.audit.chain import model as links
from gatepass.server.domain.audit.chain import store as chain
from gatepass.server.domain.audit.chain.store import audit_link
from gatepass.server.domain.audit.model import OF_OPERATOR, Entry, Filter
from gatepass.server.storage.database import (
    FORGOTTEN_AT_ONCE,
    Counter,
    Timestamp,
    has_revision,
    metadata,
)
from gatepass.server.storage.statements import insert_many

EVERYTHING = Filter()
_MOST_LINKED_LATER = 1000  # entries of the version before, in one transaction


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
_AS_KEPT: list[ColumnElement[Any]] = [
    type_coerce(each, NullType()) if each.name in {"at", "org_id"} else each for each in audit.c
]
"""The columns as the database has them, even values that are none of ours."""


_LAST = audit_link.alias("last")
_UNLINKED = (
    select(_LAST.c.number, _LAST.c.audit_id, _LAST.c.digest, *_AS_KEPT)
    .join_from(_LAST, audit, audit.c.id > _LAST.c.audit_id)
    .where(_LAST.c.number == select(func.max(audit_link.c.number)).scalar_subquery())
    .order_by(audit.c.id)
    .limit(bindparam("most", type_=Integer))
)
"""The last link, and the entries after its own."""


def record(connection: Connection, *entries: Entry) -> None:
    """Add entries and their links within the caller's transaction, which writes alone."""
    names = [each.name for each in fields(Entry)]
    values = attrgetter(*names)
    rows = [dict(zip(names, values(each), strict=True)) for each in entries]
    insert_many(connection, audit, [row | {"detail": json.dumps(row["detail"])} for row in rows])
    if rows and has_revision(connection, chain.REVISION):
        _link(connection, len(rows))


def _link(connection: Connection, written: int) -> None:
    """Link the entries that have no link: those just written, and those of the version before.

    A server of that version, which may still work on the same tables, knows no links. If it wrote
    very many entries, each call links some of them, in their order.
    """
    limit = {"most": written + _MOST_LINKED_LATER}
    found = connection.execute(_UNLINKED, limit).all()
    if not found:
        if chain.last(connection) is not None:
            return  # the newest entries were deleted behind its back: a verification finds that
        chain.add(connection, [links.start(_newest_before(connection, written))])
        found = connection.execute(_UNLINKED, limit).all()
    before, added = links.Link(*found[0][:3]), []
    for row in found:
        before = links.link_of(before, _stored(row[3:]))
        added.append(before)
    chain.add(connection, added)


def _newest_before(connection: Connection, written: int) -> int:
    """Return the number of the newest entry before the last `written` ones, 0 without one."""
    query = select(audit.c.id).order_by(audit.c.id.desc()).offset(written).limit(1)
    return connection.execute(query).scalar() or 0


def stored(connection: Connection, numbers: Collection[int]) -> dict[int, links.Stored]:
    """Return entries as their rows have them, by number."""
    query = select(*_AS_KEPT).where(audit.c.id.in_(numbers))
    return {row.id: _stored(row) for row in connection.execute(query)}


def stored_after(connection: Connection, number: int, limit: int) -> list[links.Stored]:
    """Return the entries after a number as their rows have them, in their order."""
    query = select(*_AS_KEPT).where(audit.c.id > number).order_by(audit.c.id).limit(limit)
    return [_stored(row) for row in connection.execute(query)]


def record_numbered(connection: Connection, entry: Entry) -> int:
    """Add an entry within the caller's transaction; return its number."""
    record(connection, entry)
    return newest(connection)


def erase(connection: Connection, number: int, names: Collection[str]) -> None:
    """Replace fields of an entry by words that say so."""
    texts = {name: links.ERASED_DETAIL if name == "detail" else links.ERASED for name in names}
    connection.execute(update(audit).where(audit.c.id == number).values(**texts))


def unlinked(
    connection: Connection, after: int, limit: int, *, until: int | None = None
) -> list[int]:
    """Return the numbers of entries after one, and up to another, that have no link."""
    has_link = select(audit_link.c.number).where(audit_link.c.audit_id == audit.c.id).exists()
    query = select(audit.c.id).where(audit.c.id > after, ~has_link).order_by(audit.c.id)
    if until is not None:
        query = query.where(audit.c.id <= until)
    return list(connection.execute(query.limit(limit)).scalars())


def count_up_to(connection: Connection, number: int) -> int:
    """Return how many entries there are up to one."""
    return connection.execute(
        select(func.count()).select_from(audit).where(audit.c.id <= number)
    ).scalar_one()


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
    query = _chosen(org_id, wanted)
    if before is not None:
        query = query.where(audit.c.id < before)
    query = query.order_by(audit.c.id.desc()).limit(limit)
    return [_numbered(row) for row in connection.execute(query)]


def every_after(
    connection: Connection, number: int, *, org_id: UUID | None, limit: int, wanted: Filter
) -> list[tuple[int, Entry]]:
    """Return entries as `every` does, but those after a number, the oldest first."""
    query = _chosen(org_id, wanted).where(audit.c.id > number).order_by(audit.c.id).limit(limit)
    return [_numbered(row) for row in connection.execute(query)]


def _chosen(org_id: UUID | None, wanted: Filter) -> Select[Any]:
    query = select(audit).where(*_conditions(wanted))
    return query if org_id is None else query.where(audit.c.org_id == org_id)


def newest(connection: Connection) -> int:
    """Return the number of the newest entry, 0 without one."""
    return connection.execute(select(func.max(audit.c.id))).scalar() or 0


def after(connection: Connection, number: int, limit: int) -> list[tuple[int, Entry]]:
    """Return the entries after a number, in their order, each with its number."""
    query = select(audit).where(audit.c.id > number).order_by(audit.c.id).limit(limit)
    return [_numbered(row) for row in connection.execute(query)]


def prune(connection: Connection, older_than: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Delete entries from before `older_than`, `limit` of them at most; return how many.

    Of linked ones those are deleted that a checkpoint from before `older_than` is about, with
    their links: verification begins there from then on.
    """
    first = chain.first(connection) if has_revision(connection, chain.REVISION) else None
    old = select(audit.c.id).where(audit.c.at < older_than)
    if first is None:
        return _delete(connection, old.limit(limit))
    end = chain.last_checkpoint(connection, before=older_than)
    deleted = 0
    if first.number == 0:
        not_covered = old if end is None else select(audit.c.id)
        not_covered = not_covered.where(audit.c.id <= first.audit_id)
        deleted = _delete(connection, not_covered.limit(limit))
    if end is None or deleted == limit:
        return deleted
    numbers = chain.remove(connection, end.number, limit - deleted)
    is_all = len(numbers) < limit - deleted
    deleted += _delete(connection, numbers)
    if is_all:
        chain.remove_checkpoints(connection, end.number)
        last = chain.keep_digest_only(connection, end.number)
        deleted += 0 if last is None else _delete(connection, [last])
    return deleted


def _delete(connection: Connection, numbers: Select[tuple[int]] | Collection[int]) -> int:
    if isinstance(numbers, Collection) and not numbers:
        return 0
    return connection.execute(delete(audit).where(audit.c.id.in_(numbers))).rowcount


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


def _stored(row: Sequence[Any]) -> links.Stored:
    number, at, org_id, *others = row
    return links.Stored(
        number, at, org_id.hex if isinstance(org_id, UUID) else org_id or "", *others
    )


def _of_organization(number: int, entry: Entry) -> tuple[int, Entry]:
    shown = {name: text for name, text in entry.detail.items() if name not in OF_OPERATOR}
    return number, replace(entry, detail=shown)


def _numbered(row: Sequence[Any]) -> tuple[int, Entry]:
    number, *values = row
    values[-1] = json.loads(values[-1])  # the detail
    return number, Entry(*values)
