from collections.abc import Callable

from contracts.samples import HOUR, NOW
from gatepass.server.domain.changes import store
from gatepass.server.storage.database import Database


def test_without_a_change_the_newest_number_is_zero(database: Database) -> None:
    with database.read() as connection:
        assert store.latest(connection) == 0
        assert store.after(connection, 0) == []


def test_changes_come_in_the_order_of_their_numbers(database: Database) -> None:
    _record(database, "a", "b", "c")

    with database.read() as connection:
        found = store.after(connection, 0)
        assert [change.subject for change in found] == ["a", "b", "c"]
        assert [change.seq for change in found] == sorted({change.seq for change in found})
        assert store.latest(connection) == found[-1].seq
        assert store.after(connection, found[0].seq) == found[1:]


def test_a_change_is_told_only_with_what_it_tells_of(
    database: Database, connect: Callable[[], Database]
) -> None:
    """Numbers are given in the order of commits: nobody may see 2 first and miss 1."""
    follower = connect()
    with database.write() as connection:
        store.record(connection, store.KEY, "a", NOW)
        with follower.read() as other:
            assert store.latest(other) == 0

    with follower.read() as other:
        assert [change.subject for change in store.after(other, 0)] == ["a"]


def test_the_newest_change_outlives_pruning_so_that_numbers_only_grow(database: Database) -> None:
    _record(database, "a", "b")
    with database.write() as connection:
        newest = store.latest(connection)
        store.prune(connection, NOW + HOUR)

    _record(database, "c")

    with database.read() as connection:
        assert [change.subject for change in store.after(connection, 0)] == ["b", "c"]
        assert store.latest(connection) > newest


def test_what_is_young_is_not_pruned(database: Database) -> None:
    _record(database, "a", "b")
    with database.write() as connection:
        store.prune(connection, NOW)
        assert len(store.after(connection, 0)) == 2


def _record(database: Database, *subjects: str) -> None:
    with database.write() as connection:
        for subject in subjects:
            store.record(connection, store.APPLICATION, subject, NOW)
