"""The tables of counts and of recent refusals."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    Uuid,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)

from gatepass.server.domain.applications.store import application
from gatepass.server.domain.usage.model import (
    FINE,
    ISSUED,
    KEPT,
    MERGES,
    MOST_REFUSALS,
    REFUSALS_KEPT,
    SAME_WITHIN,
    CountKey,
    Kind,
    Refusal,
    SpanCount,
)
from gatepass.server.storage.database import Counter, Timestamp, insert_into, metadata
from gatepass.server.storage.timestamps import milliseconds

_AT_A_TIME = 500  # ids in one question


def _of_an_application() -> ForeignKey:
    return ForeignKey("application.id", ondelete="CASCADE")


usage = Table(
    "usage",
    metadata,
    Column("application_id", Uuid, _of_an_application(), primary_key=True),
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("start", Timestamp, primary_key=True, autoincrement=False),
    Column("what", Text, primary_key=True),
    Column("times", BigInteger, nullable=False),
    Index("ix_usage_span_start", "span", "start"),
)

refusal = Table(
    "refusal",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("application_id", Uuid, _of_an_application(), nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_at", Timestamp, nullable=False),
    Column("at", Timestamp, nullable=False, index=True),
    Index("ix_refusal_application_id_at", "application_id", "at"),
    sqlite_autoincrement=True,
)


def existing(connection: Connection, app_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the applications that were not deleted meanwhile."""
    ids, found = list(app_ids), set()
    for at in range(0, len(ids), _AT_A_TIME):
        some = application.c.id.in_(ids[at : at + _AT_A_TIME])
        found |= set(connection.execute(select(application.c.id).where(some)).scalars())
    return found


def add(connection: Connection, counts: Mapping[CountKey, int]) -> None:
    """Add to the counts, beside whatever other processes add."""
    if counts:
        rows = [
            {
                "application_id": cell.application_id,
                "span": FINE,
                "start": datetime.fromtimestamp(cell.start, UTC),
                "what": cell.what,
                "times": times,
            }
            for cell, times in counts.items()
        ]
        connection.execute(_adding(connection, insert_into(connection, usage)), rows)


def merge(connection: Connection, now: datetime) -> None:
    """Put the counts of long ago together, hour by hour and day by day, and forget the oldest.

    In the caller's transaction: killed midway, nothing has happened. Counts that come late for
    an hour that is merged already are added to it the next time.
    """
    for fine, coarse, after in MERGES:
        size = coarse * 1000
        before = milliseconds(now - after) // size * size
        is_old = (usage.c.span == fine) & (type_coerce(usage.c.start, BigInteger) < before)
        start = _start(coarse)
        summed = (
            select(
                usage.c.application_id,
                literal(coarse, Integer),
                start,
                usage.c.what,
                cast(func.sum(usage.c.times), BigInteger),
            )
            .where(is_old)
            .group_by(usage.c.application_id, start, usage.c.what)
        )
        columns = ["application_id", "span", "start", "what", "times"]
        merged = insert_into(connection, usage).from_select(columns, summed)
        connection.execute(_adding(connection, merged))
        connection.execute(delete(usage).where(is_old))
    connection.execute(delete(usage).where(usage.c.start < now - KEPT))


def series(connection: Connection, app_id: UUID, since: datetime, size: int) -> list[SpanCount]:
    """Return an application's counts from `since` on in spans of `size` seconds, oldest first."""
    start = _start(size).label("start_of_span")
    times = cast(func.sum(usage.c.times), BigInteger)
    query = (
        select(type_coerce(start, Timestamp), usage.c.what, times)
        .where(usage.c.application_id == app_id, usage.c.start >= since)
        .group_by(start, usage.c.what)
        .order_by(start, usage.c.what)
    )
    return [SpanCount(at, size, what, total) for at, what, total in connection.execute(query)]


def issued_since(
    connection: Connection, app_ids: Collection[UUID], moment: datetime
) -> dict[UUID, int]:
    """Return how many tokens each of the applications was issued from `moment` on."""
    ids, found = list(app_ids), dict.fromkeys(app_ids, 0)
    for at in range(0, len(ids), _AT_A_TIME):
        query = (
            select(usage.c.application_id, cast(func.sum(usage.c.times), BigInteger))
            .where(
                usage.c.application_id.in_(ids[at : at + _AT_A_TIME]),
                usage.c.what == ISSUED,
                usage.c.start >= moment,
            )
            .group_by(usage.c.application_id)
        )
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def record_refusals(connection: Connection, refusals: Sequence[Refusal]) -> list[Refusal]:
    """Add refusals to their like of the last day; return those that have no like yet."""
    new = [each for each in refusals if not _is_added(connection, each)]
    if new:
        connection.execute(insert(refusal), [_row(each) for each in new])
        for app_id in {each.kind.application_id for each in new}:
            _keep_the_newest(connection, app_id)
    return new


def recent(connection: Connection, app_id: UUID, limit: int = MOST_REFUSALS) -> list[Refusal]:
    """Return an application's refusals, the newest first."""
    query = select(refusal).where(refusal.c.application_id == app_id)
    ordered = query.order_by(refusal.c.at.desc(), refusal.c.id.desc()).limit(limit)
    return [_refusal(row) for row in connection.execute(ordered)]


def prune(connection: Connection, now: datetime) -> None:
    """Forget refusals of long ago."""
    connection.execute(delete(refusal).where(refusal.c.at < now - REFUSALS_KEPT))


def _start(span: int) -> ColumnElement[int]:
    """Return the start, in Unix milliseconds, of the span of so many seconds that a row lies in."""
    number = type_coerce(usage.c.start, BigInteger)
    return number - number % literal(span * 1000, BigInteger)


def _adding(connection: Connection, new: Any) -> Any:  # noqa: ANN401, ARG001
    """Return the insertion, adding to what is there already."""
    return new.on_conflict_do_update(
        index_elements=["application_id", "span", "start", "what"],
        set_={"times": usage.c.times + new.excluded.times},
    )


def _is_added(connection: Connection, more: Refusal) -> bool:
    same = [refusal.c[name] == value for name, value in more.kind._asdict().items()]
    lately = refusal.c.first_at > more.at - SAME_WITHIN
    added = connection.execute(
        update(refusal).where(*same, lately).values(times=refusal.c.times + more.times, at=more.at)
    )
    return bool(added.rowcount)


def _keep_the_newest(connection: Connection, app_id: UUID) -> None:
    own = refusal.c.application_id == app_id
    newest = select(refusal.c.id).where(own).order_by(refusal.c.at.desc(), refusal.c.id.desc())
    surplus = newest.offset(MOST_REFUSALS).limit(1_000_000)  # SQLite: no offset without a limit
    connection.execute(delete(refusal).where(refusal.c.id.in_(surplus)))


def _row(each: Refusal) -> dict[str, object]:
    values = {"times": each.times, "first_at": each.first_at, "at": each.at}
    return each.kind._asdict() | values


def _refusal(row: Row[Any]) -> Refusal:
    kind = Kind(row.application_id, row.reason, row.note, row.source, row.agent)
    return Refusal(kind, row.times, row.first_at, row.at)
