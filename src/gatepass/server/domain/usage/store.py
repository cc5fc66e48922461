"""The tables of counts and of recent refusals."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)

from gatepass.server.domain.applications.store import application
from gatepass.server.domain.organizations.store import organization
from gatepass.server.domain.usage.model import (
    FINE,
    ISSUED,
    KEPT,
    MERGES,
    MOST_REFUSALS,
    REFUSALS_KEPT,
    SAME_WITHIN,
    SPANS,
    CountKey,
    Kind,
    Refusal,
    RefusalOf,
    SpanCount,
    UsageTotal,
)
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Counter, Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_into
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

_KEY = tuple(usage.primary_key.columns)

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
    """Add to the counts of applications that still exist, beside what other processes add."""
    if counts:
        rows = (
            (cell.application_id.hex(), FINE, cell.start * 1000, cell.what, times)
            for cell, times in counts.items()
        )
        connection.execute(_adding(connection.dialect.name, FINE), {"rows": as_rows(rows)})


def merge(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Merge counts of long ago into hours and days, and forget the oldest; return how many.

    Of `limit` rows at most, in the caller's transaction: killed midway, nothing has happened.
    Counts that come for an hour that is merged already, late or as they are more than `limit`, are
    added to it.
    """
    left = limit
    for fine, coarse, after in MERGES:
        size = coarse * 1000
        old = _take(connection, fine, milliseconds(now - after) // size * size, left)
        left -= old.number
        if old.number:
            connection.execute(_adding(connection.dialect.name, coarse), {"rows": old.rows})
    for span in SPANS:
        left -= _take(connection, span, milliseconds(now - KEPT), left).number
    return limit - left


def series(connection: Connection, app_id: UUID, since: datetime, size: int) -> list[SpanCount]:
    """Return an application's counts from `since` on in spans of `size` seconds, oldest first."""
    return _series(connection, usage.c.application_id == app_id, since, size)


def series_of_organization(
    connection: Connection, org_id: UUID, since: datetime, size: int
) -> list[SpanCount]:
    """Return the counts of all applications of an organization, as `series` does of one."""
    return _series(connection, usage.c.application_id.in_(_own(org_id)), since, size)


def most_used(
    connection: Connection, org_id: UUID, since: datetime, limit: int
) -> list[UsageTotal]:
    """Return the applications of an organization with the most requests from `since` on."""
    issued = cast(func.sum(case((usage.c.what == ISSUED, usage.c.times), else_=0)), BigInteger)
    every = cast(func.sum(usage.c.times), BigInteger)
    totals = (
        select(usage.c.application_id, issued.label("issued"), every.label("every"))
        .where(usage.c.application_id.in_(_own(org_id)), usage.c.start >= since)
        .group_by(usage.c.application_id)
        .order_by(every.desc(), usage.c.application_id)
        .limit(limit)
        .subquery()
    )
    query = (
        select(application.c.id, application.c.name, totals.c.issued, totals.c.every)
        .join_from(totals, application, application.c.id == totals.c.application_id)
        .order_by(totals.c.every.desc(), application.c.id)
    )
    return [
        UsageTotal(app_id, name, issued_times, total - issued_times)
        for app_id, name, issued_times, total in connection.execute(query)
    ]


def _own(org_id: UUID) -> Select[tuple[UUID]]:
    return select(application.c.id).where(application.c.org_id == org_id)


def _series(
    connection: Connection, whose: ColumnElement[bool], since: datetime, size: int
) -> list[SpanCount]:
    start = _start(usage, size).label("start_of_span")
    times = cast(func.sum(usage.c.times), BigInteger)
    query = (
        select(type_coerce(start, Timestamp), usage.c.what, times)
        .where(whose, usage.c.start >= since)
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


def refused_since(connection: Connection, app_id: UUID, moment: datetime) -> int:
    """Return how many requests of an application were refused from `moment` on."""
    query = select(func.coalesce(cast(func.sum(usage.c.times), BigInteger), 0)).where(
        usage.c.application_id == app_id, usage.c.what != ISSUED, usage.c.start >= moment
    )
    return connection.execute(query).scalar_one()


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


def newest(
    connection: Connection, since: datetime, limit: int, org_id: UUID | None = None
) -> list[RefusalOf]:
    """Return the newest refusals since then, of an organization or of all, the newest first."""
    named = (application.c.name, application.c.client_id, application.c.org_id, organization.c.name)
    columns = [each.label(f"of_{number}") for number, each in enumerate(named)]
    query = (
        select(refusal, *columns)
        .join_from(refusal, application, application.c.id == refusal.c.application_id)
        .join(organization, organization.c.id == application.c.org_id)
        .where(refusal.c.at >= since)
        .order_by(refusal.c.at.desc(), refusal.c.id.desc())
        .limit(limit)
    )
    if org_id is not None:
        query = query.where(refusal.c.application_id.in_(_own(org_id)))
    return [RefusalOf(_refusal(row), *row[-len(named) :]) for row in connection.execute(query)]


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget refusals of long ago, `limit` of them at most; return how many."""
    old = select(refusal.c.id).where(refusal.c.at < now - REFUSALS_KEPT).limit(limit)
    return connection.execute(delete(refusal).where(refusal.c.id.in_(old))).rowcount


def _start(rows: FromClause, span: int) -> ColumnElement[int]:
    """Return the start, in Unix milliseconds, of the span of so many seconds that a row lies in."""
    number = type_coerce(rows.c.start, BigInteger)
    return number - number % literal(span * 1000, BigInteger)


class _Taken(NamedTuple):
    """Rows that were deleted, as a value of the parameter `rows`, and how many."""

    rows: str
    number: int


def _take(connection: Connection, span: int, before: int, limit: int) -> _Taken:
    """Delete the oldest rows of a span, `limit` of them at most."""
    is_old = (usage.c.span == span) & (type_coerce(usage.c.start, BigInteger) < before)
    old = select(usage).where(is_old).order_by(usage.c.start).limit(limit).subquery()
    if connection.dialect.name == "sqlite":
        rows = cast(func.json_group_array(func.json_array(*old.c)), Text)
    else:
        rows = cast(func.json_agg(func.json_build_array(*old.c)), Text)
    taken = _Taken(*connection.execute(select(rows, func.count()).select_from(old)).one())
    if taken.number:
        given = given_rows(connection.dialect.name, _KEY)
        keys = tuple_(*_KEY).in_(select(*given.c))
        connection.execute(delete(usage).where(keys), {"rows": taken.rows})
    return taken


@cache
def _adding(dialect: str, span: int) -> Any:  # noqa: ANN401 - of one dialect or the other
    """Return what adds rows of the table to those of `span`, their own or a longer one."""
    new = given_rows(dialect, usage.c)
    is_known = select(application.c.id).where(application.c.id == new.c.application_id).exists()
    key = (new.c.application_id, literal(span, Integer), _start(new, span), new.c.what)
    times = cast(func.sum(new.c.times), BigInteger)
    summed = select(*key, times).where(is_known).group_by(key[0], *key[2:])
    added = insert_into(dialect, usage).from_select(list(usage.c), summed)
    return added.on_conflict_do_update(
        index_elements=_KEY, set_={"times": usage.c.times + added.excluded.times}
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
