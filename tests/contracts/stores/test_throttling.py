from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from contracts.samples import NOW, SECOND
from gatepass.server.domain.throttling import store
from gatepass.server.domain.throttling.model import FORGOTTEN_AFTER, Limit
from gatepass.server.storage.database import Database

_LIMIT = Limit("account", 3)


def test_the_free_attempts_are_free_and_the_next_waits(database: Database) -> None:
    assert [_attempt(database) for _ in range(5)] == [0, 0, 0, 2, 2]


def test_the_wait_is_over_when_it_is_and_doubles(database: Database) -> None:
    for _ in range(3):
        _attempt(database)

    assert _attempt(database, after=1) == 1
    assert _attempt(database, after=2) == 0
    assert _attempt(database, after=2) == 4


def test_the_longest_wait_of_several_limits_counts(database: Database) -> None:
    other = Limit("source", 1)
    with database.write() as connection:
        assert store.attempt(connection, [other], NOW) == 0
        assert store.attempt(connection, [_LIMIT, other], NOW) == 2
        # and what had to wait was counted under neither
        assert [store.attempt(connection, [_LIMIT], NOW) for _ in range(4)] == [0, 0, 0, 2]


def test_success_forgets_these_failures_and_no_others(database: Database) -> None:
    other = Limit("source", 1)
    for _ in range(3):
        _attempt(database)
    with database.write() as connection:
        store.attempt(connection, [other], NOW)
        store.succeed(connection, [_LIMIT])

        assert store.attempt(connection, [_LIMIT], NOW) == 0
        assert store.attempt(connection, [other], NOW) > 0


def test_failures_of_long_ago_do_not_count(database: Database) -> None:
    for _ in range(3):
        _attempt(database)
    with database.write() as connection:
        later = NOW + FORGOTTEN_AFTER + SECOND
        assert [store.attempt(connection, [_LIMIT], later) for _ in range(4)] == [0, 0, 0, 2]


def test_pruning_forgets_what_does_not_count_and_nothing_else(database: Database) -> None:
    for _ in range(3):
        _attempt(database)
    with database.write() as connection:
        store.prune(connection, NOW + FORGOTTEN_AFTER)
        assert store.attempt(connection, [_LIMIT], NOW) == 2
        store.prune(connection, NOW + FORGOTTEN_AFTER + SECOND)
        assert store.attempt(connection, [_LIMIT], NOW) == 0


def test_beyond_the_bound_the_rows_with_the_fewest_failures_go_first_and_then_the_oldest(
    database: Database,
) -> None:
    blocked = Limit("blocked", 3)
    names = [f"stranger {number}" for number in range(10)]
    with database.write() as connection:
        for _ in range(3):
            assert store.attempt(connection, [blocked], NOW - SECOND) == 0
        for number, name in enumerate(names):
            store.attempt(connection, [Limit(name, 1)], NOW + number * SECOND / 10)
        assert store.surplus(connection) == 0
        surplus = store.surplus(connection, most=4)
        store.drop_least(connection, surplus)

        assert surplus == 7
        assert store.surplus(connection, most=0) == 4
        assert store.attempt(connection, [blocked], NOW) > 0
        kept = [name for name in names if store.attempt(connection, [Limit(name, 1)], NOW + SECOND)]
    assert kept == names[-3:]


def test_guesses_made_side_by_side_do_not_slip_under_the_limit(
    database: Database, connect: Callable[[], Database]
) -> None:
    processes = [database, connect(), connect(), connect()] * 3

    with ThreadPoolExecutor(len(processes)) as threads:
        waits = list(threads.map(_attempt, processes))

    assert waits.count(0) == 3


def _attempt(database: Database, after: int = 0) -> int:
    with database.write() as connection:
        return store.attempt(connection, [_LIMIT], NOW + after * SECOND)
