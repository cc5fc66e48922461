from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from contracts import samples
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.model import (
    DAY,
    FINE,
    HOUR,
    ISSUED,
    MOST_REFUSALS,
    REFUSALS_KEPT,
    CountKey,
    Kind,
    Refusal,
    SpanCount,
    start_of,
)
from gatepass.server.storage.database import Database

NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)


@pytest.fixture
def app_id(database: Database) -> UUID:
    return add_application(database)


def add_application(database: Database) -> UUID:
    with database.write() as connection:
        new = samples.application(samples.organization(connection).id)
        applications.add(connection, new)
    return new.id


def count(
    database: Database, app_id: UUID, at: datetime, times: int = 1, what: str = ISSUED
) -> None:
    with database.write() as connection:
        store.add(connection, {CountKey(app_id.bytes, start_of(at.timestamp()), what): times})


def merge(database: Database, now: datetime) -> None:
    with database.write() as connection:
        store.merge(connection, now)


def merge_and_die(database: Database) -> None:
    with database.write() as connection:
        store.merge(connection, NOW)
        raise ZeroDivisionError


def counted(database: Database, app_id: UUID) -> list[SpanCount]:
    """Return the rows as they are."""
    columns = store.usage.c
    query = (
        select(columns.start, columns.span, columns.what, columns.times)
        .where(columns.application_id == app_id)
        .order_by(columns.start, columns.what)
    )
    with database.read() as connection:
        return [SpanCount(*row) for row in connection.execute(query)]


def series(database: Database, app_id: UUID, since: datetime, size: int) -> list[SpanCount]:
    with database.read() as connection:
        return store.series(connection, app_id, since, size)


def total(database: Database, app_id: UUID) -> int:
    return sum(each.times for each in counted(database, app_id))


def refused(app_id: UUID, at: datetime = NOW, times: int = 1, **kind: str) -> Refusal:
    given = {"reason": "wrong_secret", "note": "wrong secret", "source": "192.0.2.7", "agent": "x"}
    return Refusal(Kind(app_id, **given | kind), times, at, at)


def with_other(refusal: Refusal, name: str, value: str) -> Refusal:
    return refusal._replace(kind=Kind(**refusal.kind._asdict() | {name: value}))


def note(database: Database, *refusals: Refusal) -> list[Refusal]:
    with database.write() as connection:
        return store.record_refusals(connection, refusals)


def recent(database: Database, app_id: UUID) -> list[Refusal]:
    with database.read() as connection:
        return store.recent(connection, app_id)


def test_counts_of_one_span_add_up_and_others_stay_apart(database: Database, app_id: UUID) -> None:
    other = add_application(database)
    count(database, app_id, NOW, 3)
    count(database, app_id, NOW + timedelta(seconds=1), 4)
    count(database, app_id, NOW + timedelta(seconds=FINE))
    count(database, app_id, NOW, 9, "wrong_secret")
    count(database, other, NOW, 50)

    start = datetime(2026, 7, 20, 12, 30, tzinfo=UTC)
    assert counted(database, app_id) == [
        SpanCount(start, FINE, ISSUED, 7),
        SpanCount(start, FINE, "wrong_secret", 9),
        SpanCount(start + timedelta(seconds=FINE), FINE, ISSUED, 1),
    ]


def test_processes_that_add_to_one_count_lose_none(
    database: Database, connect: Callable[[], Database], app_id: UUID
) -> None:
    processes = [database, connect(), connect(), connect()] * 5

    with ThreadPoolExecutor(len(processes)) as threads:
        list(threads.map(lambda each: count(each, app_id, NOW, 3), processes))

    assert [each.times for each in counted(database, app_id)] == [60]


def test_after_seven_days_counts_become_hours_and_after_ninety_days(
    database: Database, app_id: UUID
) -> None:
    ages = {"young": timedelta(days=6), "old": timedelta(days=8), "older": timedelta(days=92)}
    for age in ages.values():
        for minutes in (0, 5, 10, 90):
            count(database, app_id, NOW - age + timedelta(minutes=minutes))
    merge(database, NOW)

    spans = Counter((each.span, each.times) for each in counted(database, app_id))
    assert spans == {(FINE, 1): 4, (HOUR, 3): 1, (HOUR, 1): 1, (DAY, 4): 1}
    starts = {each.start for each in counted(database, app_id) if each.span == DAY}
    assert starts == {datetime(2026, 4, 19, tzinfo=UTC)}


def test_merging_hour_after_hour_for_a_year_loses_no_count(
    database: Database, app_id: UUID
) -> None:
    given, step = 0, timedelta(hours=31)
    moment = NOW
    for times in range(1, 280):
        count(database, app_id, moment, times)
        count(database, app_id, moment, 1, "disabled")
        given += times + 1
        moment += step
        if times % 9 == 0:
            merge(database, moment)

    assert total(database, app_id) == given
    assert {each.span for each in counted(database, app_id)} == {FINE, HOUR, DAY}
    whole_days = timedelta(days=90).total_seconds() / DAY
    assert len([each for each in counted(database, app_id) if each.span == FINE]) < 2 * whole_days


def test_to_merge_twice_changes_nothing(database: Database, app_id: UUID) -> None:
    for days in range(0, 200, 3):
        count(database, app_id, NOW - timedelta(days=days), days + 1)
    merge(database, NOW)
    once = counted(database, app_id)
    merge(database, NOW)

    assert counted(database, app_id) == once


def test_a_count_that_comes_late_is_added_to_its_merged_hour(
    database: Database, app_id: UUID
) -> None:
    old = NOW - timedelta(days=8)
    count(database, app_id, old, 5)
    merge(database, NOW)
    count(database, app_id, old, 2)
    assert total(database, app_id) == 7
    merge(database, NOW)

    assert [(each.span, each.times) for each in counted(database, app_id)] == [(HOUR, 7)]


def test_a_merge_that_is_killed_midway_has_not_happened(database: Database, app_id: UUID) -> None:
    for minutes in range(0, 600, 5):
        count(database, app_id, NOW - timedelta(days=8, minutes=minutes), 2)
    before = counted(database, app_id)

    with pytest.raises(ZeroDivisionError):
        merge_and_die(database)

    assert counted(database, app_id) == before


def test_merging_in_steps_gives_the_same_as_at_once(database: Database, app_id: UUID) -> None:
    other = add_application(database)
    for days in (0, 8, 8.001, 95, 401, 500):
        for each in (app_id, other):
            for minutes in range(0, 90, 5):
                count(database, each, NOW - timedelta(days=days, minutes=minutes), 2)
    steps = in_steps(database, 7)
    in_many = [counted(database, each) for each in (app_id, other)]
    merge(database, NOW)

    assert set(steps[:-1]) == {7}
    assert steps[-1] < 7
    assert [counted(database, each) for each in (app_id, other)] == in_many
    assert sum(each.times for each in in_many[0]) == 4 * 18 * 2


def in_steps(database: Database, limit: int) -> list[int]:
    """Merge so many rows a time until none is left; return how many there were each time."""
    steps: list[int] = []
    while not steps or steps[-1] == limit:
        with database.write() as connection:
            steps.append(store.merge(connection, NOW, limit))
    return steps


def test_what_is_older_than_400_days_is_forgotten(database: Database, app_id: UUID) -> None:
    count(database, app_id, NOW - timedelta(days=402))
    count(database, app_id, NOW - timedelta(days=398))
    merge(database, NOW)

    assert [each.start.date() for each in counted(database, app_id)] == [
        (NOW - timedelta(days=398)).date()
    ]


def test_a_series_is_summed_by_spans_of_any_size(database: Database, app_id: UUID) -> None:
    start = datetime(2026, 7, 20, tzinfo=UTC)
    for minutes in range(0, 240, 5):
        count(database, app_id, start + timedelta(minutes=minutes))
    count(database, app_id, start + timedelta(hours=3), 7, "disabled")
    count(database, add_application(database), start, 100)

    second = start + timedelta(hours=2)
    assert series(database, app_id, start, 2 * HOUR) == [
        SpanCount(start, 2 * HOUR, ISSUED, 24),
        SpanCount(second, 2 * HOUR, "disabled", 7),
        SpanCount(second, 2 * HOUR, ISSUED, 24),
    ]
    assert series(database, app_id, second, DAY)[1] == SpanCount(start, DAY, ISSUED, 24)
    assert series(database, app_id, start + timedelta(days=1), DAY) == []


def test_the_tokens_of_several_applications_are_summed(database: Database, app_id: UUID) -> None:
    other = add_application(database)
    count(database, app_id, NOW, 3)
    count(database, app_id, NOW + timedelta(minutes=10), 4)
    count(database, app_id, NOW - timedelta(hours=1), 100)
    count(database, app_id, NOW, 9, "wrong_secret")
    since = NOW - timedelta(minutes=5)

    with database.read() as connection:
        assert store.issued_since(connection, [app_id, other], since) == {app_id: 7, other: 0}
        assert store.issued_since(connection, [], since) == {}


def test_an_application_that_is_deleted_takes_its_usage_along(
    database: Database, app_id: UUID
) -> None:
    count(database, app_id, NOW)
    note(database, refused(app_id))
    with database.write() as connection:
        assert store.existing(connection, [app_id, uuid4()]) == {app_id}
        applications.remove(connection, app_id)
        assert store.existing(connection, [app_id]) == set()

    assert counted(database, app_id) == []
    assert recent(database, app_id) == []


def test_equal_refusals_of_a_day_are_one_and_say_how_often(
    database: Database, app_id: UUID
) -> None:
    later = NOW + timedelta(hours=23)
    first = refused(app_id, times=2)
    assert note(database, first) == [first]
    assert note(database, refused(app_id, later, times=5)) == []

    (told,) = recent(database, app_id)
    assert (told.times, told.first_at, told.at) == (7, NOW, later)


@pytest.mark.parametrize("other", ["reason", "note", "source", "agent"])
def test_refusals_that_differ_are_told_apart(database: Database, app_id: UUID, other: str) -> None:
    note(database, refused(app_id), with_other(refused(app_id), other, samples.AWKWARD))

    assert [each.times for each in recent(database, app_id)] == [1, 1]
    assert samples.AWKWARD in {getattr(each.kind, other) for each in recent(database, app_id)}


def test_after_a_day_a_refusal_is_told_anew(database: Database, app_id: UUID) -> None:
    note(database, refused(app_id))
    later = refused(app_id, NOW + timedelta(hours=25))

    assert note(database, later) == [later]
    assert recent(database, app_id) == [later, refused(app_id)]


def test_of_many_refusals_the_newest_are_kept_for_each_application(
    database: Database, app_id: UUID
) -> None:
    other = add_application(database)
    note(database, refused(other, NOW - timedelta(days=9)))
    for number in range(MOST_REFUSALS + 50):
        moment = NOW + timedelta(seconds=number)
        note(database, refused(app_id, moment, source=f"source {number}"))

    kept = recent(database, app_id)
    assert len(kept) == MOST_REFUSALS
    assert kept[0].kind.source == f"source {MOST_REFUSALS + 49}"
    assert kept[-1].kind.source == "source 50"
    assert len(recent(database, other)) == 1


def test_refusals_of_long_ago_are_forgotten(database: Database, app_id: UUID) -> None:
    old = refused(app_id, NOW - REFUSALS_KEPT - timedelta(seconds=1))
    young = refused(app_id, NOW - REFUSALS_KEPT + timedelta(seconds=1))
    note(database, old, with_other(old, "source", "192.0.2.8"), young)
    with database.write() as connection:
        assert [store.prune(connection, NOW, limit=1) for _ in range(3)] == [1, 1, 0]

    assert recent(database, app_id) == [young]


def test_the_applications_of_an_organization_are_added_up_and_the_most_used_come_first(
    database: Database,
) -> None:
    with database.write() as connection:
        org_id = samples.organization(connection).id
        few, many = samples.application(org_id), samples.application(org_id)
        for each in (few, many):
            applications.add(connection, each)
    others = add_application(database)
    count(database, few.id, NOW, 2)
    count(database, few.id, NOW, 1, "wrong_secret")
    count(database, many.id, NOW, 40)
    count(database, many.id, NOW - timedelta(days=2), 500)
    count(database, others, NOW, 1000)
    since = NOW - timedelta(days=1)

    with database.read() as connection:
        found = store.most_used(connection, org_id, since, 10)
        first = store.most_used(connection, org_id, since, 1)
        added = store.series_of_organization(connection, org_id, since, HOUR)
        refused_lately = store.refused_since(connection, few.id, since)

    assert [(each.app_id, each.issued, each.refused) for each in found] == [
        (many.id, 40, 0),
        (few.id, 2, 1),
    ]
    assert [each.app_id for each in first] == [many.id]
    assert [(each.what, each.times) for each in added] == [(ISSUED, 42), ("wrong_secret", 1)]
    assert refused_lately == 1
