"""How far entries were forwarded, on both databases: one process at a time, none left out."""

from contracts.samples import HOUR, NOW, SECOND
from gatepass.server.domain.audit.forwarding import store
from gatepass.server.storage.database import Database


def test_the_first_time_only_what_comes_after_is_forwarded(database: Database) -> None:
    with database.write() as connection:
        assert store.position(connection) is None
        assert store.take(connection, "a", NOW, NOW + HOUR, 7) == 7
        assert store.position(connection) == 7


def test_one_holds_it_until_its_time_is_over(database: Database) -> None:
    with database.write() as connection:
        store.take(connection, "a", NOW, NOW + HOUR, 0)

        assert store.take(connection, "b", NOW + HOUR - SECOND, NOW + 2 * HOUR, 9) is None
        assert store.take(connection, "a", NOW + SECOND, NOW + HOUR, 9) == 0
        assert store.take(connection, "b", NOW + HOUR, NOW + 2 * HOUR, 9) == 0


def test_who_no_longer_holds_it_does_not_move_it(database: Database) -> None:
    with database.write() as connection:
        store.take(connection, "a", NOW, NOW + SECOND, 0)
        assert store.advance(connection, "a", 3, NOW + SECOND)
        store.take(connection, "b", NOW + HOUR, NOW + 2 * HOUR, 9)

        assert not store.advance(connection, "a", 8, NOW + HOUR)
        assert store.position(connection) == 3


def test_in_an_older_backup_it_goes_back(database: Database) -> None:
    with database.write() as connection:
        store.take(connection, "a", NOW, NOW + SECOND, 9)

        assert store.take(connection, "a", NOW, NOW + SECOND, 4) == 4
        assert store.position(connection) == 4
