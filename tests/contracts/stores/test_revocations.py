from datetime import datetime

from contracts.samples import HOUR, NOW, SECOND
from gatepass.server.domain.revocations import store
from gatepass.server.storage.database import Database

_ID = bytes(range(16))


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def test_a_revoked_token_is_found_with_the_moment_it_expires(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, _ID, NOW + HOUR)

    with database.read() as connection:
        assert store.find(connection, _ID) == NOW + HOUR
        assert store.find(connection, _ID[::-1]) is None
        assert list(store.unexpired(connection, NOW)) == [(_ID, seconds(NOW + HOUR))]


def test_to_revoke_again_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, _ID, NOW + HOUR)
        store.add(connection, _ID, NOW + 2 * HOUR)

        assert store.find(connection, _ID) == NOW + HOUR


def test_what_has_expired_matters_no_more(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, b"\x00" * 16, NOW)
        store.add(connection, b"\xff" * 16, NOW + SECOND)

        assert list(store.unexpired(connection, NOW)) == [(b"\xff" * 16, seconds(NOW + SECOND))]


def test_only_what_has_expired_is_forgotten(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, b"\x00" * 16, NOW)
        store.add(connection, b"\xff" * 16, NOW + SECOND)
        store.prune(connection, NOW)

        assert store.find(connection, b"\x00" * 16) is None
        assert store.find(connection, b"\xff" * 16) == NOW + SECOND


def test_much_that_has_expired_is_forgotten_in_parts(database: Database) -> None:
    with database.write() as connection:
        for number in range(5):
            store.add(connection, bytes([number]) * 16, NOW)

        assert [store.prune(connection, NOW, 2) for _ in range(4)] == [2, 2, 1, 0]
