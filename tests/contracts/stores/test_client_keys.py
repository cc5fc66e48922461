"""Keys of applications, and assertions that were used, in both databases."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts import samples
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.keys import store
from gatepass.server.domain.applications.keys.model import ApplicationKey, KeySetting
from gatepass.server.domain.applications.keys.used import store as used
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.store import LastUse
from gatepass.server.storage.database import Database
from gatepass.server.storage.timestamps import milliseconds

NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def application(database: Database) -> Application:
    with database.write() as connection:
        new = samples.application(samples.organization(connection).id)
        applications.add(connection, new)
    return new


def key(alg: str = "ES256", expires_at: datetime | None = None) -> ApplicationKey:
    public = ClientKey.from_jwk(PrivateKey.generate(alg).public_jwk())
    return ApplicationKey(uuid4(), samples.AWKWARD, public, NOW, "anna", expires_at)


@pytest.mark.parametrize("alg", ["ES256", "ES512", "Ed25519", "RS256"])
def test_a_key_is_read_as_it_was_added(
    database: Database, application: Application, alg: str
) -> None:
    first, second = key(alg), key(alg, expires_at=LATER)
    with database.write() as connection:
        store.add(connection, application.id, [first])
        store.add(connection, application.id, [second])
    with database.read() as connection:
        found = store.of_application(connection, application.id)
        none = store.of_application(connection, uuid4())

    assert sorted(found, key=lambda each: each.id) == sorted(
        [first, second], key=lambda each: each.id
    )
    assert none == []


def test_a_key_that_is_removed_is_gone_and_the_others_are_not(
    database: Database, application: Application
) -> None:
    first, second = key(), key()
    with database.write() as connection:
        store.add(connection, application.id, [first, second])
        store.remove(connection, first.id)
        assert store.of_application(connection, application.id) == [second]


def test_the_setting_is_the_last_one(database: Database, application: Application) -> None:
    with database.write() as connection:
        assert store.setting(connection, application.id) == KeySetting()
        for new in (KeySetting("https://a.example/jwks", True), KeySetting()):
            store.put_setting(connection, application.id, new)
            assert store.setting(connection, application.id) == new


def test_the_last_use_of_a_key_is_written_and_other_ids_change_nothing(
    database: Database, application: Application
) -> None:
    new = key()
    uses = [
        LastUse(each, milliseconds(NOW), "192.0.2.1", "curl/8")
        for each in (new.id.bytes, b"x" * 16)
    ]
    with database.write() as connection:
        store.add(connection, application.id, [new])
        store.record_use(connection, applications.as_use_rows(uses))
        store.record_use(connection, "")
        [found] = store.of_application(connection, application.id)

    assert (found.last_used_at, found.last_used_from) == (NOW, "192.0.2.1")


def test_keys_go_with_their_application(database: Database, application: Application) -> None:
    with database.write() as connection:
        store.add(connection, application.id, [key()])
        store.put_setting(connection, application.id, KeySetting())
        applications.remove(connection, application.id)
        assert store.of_application(connection, application.id) == []


def test_an_assertion_is_new_once(database: Database) -> None:
    one, two = b"1" * 16, b"2" * 16
    with database.write() as connection:
        assert set(used.add(connection, {one: LATER})) == {one}
        assert set(used.add(connection, {one: LATER, two: LATER})) == {two}
    with database.write() as connection:
        assert set(used.add(connection, {one: NOW, two: NOW})) == set()


def test_of_writers_at_one_time_one_is_the_first(database: Database) -> None:
    new: list[int] = []
    digests = {bytes([number]) * 16: LATER for number in range(50)}

    def write() -> None:
        with database.write() as connection:
            new.append(len(used.add(connection, digests)))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(new) == [0, 0, 0, 50]


def test_expired_assertions_are_forgotten_in_bounded_steps(database: Database) -> None:
    digests = {number.to_bytes(16): NOW for number in range(25)} | {b"z" * 16: LATER}
    with database.write() as connection:
        used.add(connection, digests)
    deleted = []
    for _ in range(4):
        with database.write() as connection:
            deleted.append(used.prune(connection, NOW, limit=10))
    with database.write() as connection:
        assert set(used.add(connection, digests)) == set(digests) - {b"z" * 16}
        assert used.has_expired(connection, NOW)

    assert deleted == [10, 10, 5, 0]
