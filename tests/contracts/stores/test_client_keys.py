"""Keys of applications, and assertions that were used, in both databases."""

import secrets
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
from gatepass.server.domain.applications.keys.used.ledger import Ledger
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.store import LastUse
from gatepass.server.storage.database import Database
from gatepass.server.storage.timestamps import milliseconds

NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
END = LATER.timestamp()
ONE, TWO, THREE = b"1" * 12, b"2" * 12, b"3" * 12


def clock() -> float:
    return NOW.timestamp()


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


def test_a_use_is_recorded_once_by_all_processes(database: Database) -> None:
    first, second = Ledger(database, clock), Ledger(database, clock)
    for each in (first, second):  # both workers were presented the assertion at one time
        assert each.add(ONE, END, clock())

    assert set(first.record({ONE: END})) == set()
    assert second.add(TWO, END, clock())
    assert set(second.record({ONE: END, TWO: END})) == {ONE}
    assert set(first.record({THREE: END})) == set()
    assert not first.add(TWO, END, clock())


def test_what_another_process_recorded_while_a_use_waited_is_not_the_first(
    database: Database,
) -> None:
    first, second = Ledger(database, clock), Ledger(database, clock)
    first.add(ONE, END, clock())  # it waits for the transaction after the next one
    second.add(ONE, END, clock())

    second.record({ONE: END})
    first.add(TWO, END, clock())
    first.record({TWO: END})  # reads what the second process recorded

    assert set(first.record({ONE: END})) == {ONE}


def test_a_process_that_starts_knows_what_was_used_before(database: Database) -> None:
    before = Ledger(database, clock)
    for number in range(700):  # more rows than are read at once
        with database.write() as connection:
            used.add(connection, {number.to_bytes(12): int(END)}, LATER)
    before.add(ONE, END, clock())
    before.record({ONE: END})

    after = Ledger(database, clock)
    assert after.add(TWO, END, clock())
    after.record({TWO: END})

    assert not after.add(ONE, END, clock())
    assert not any(after.add(number.to_bytes(12), END, clock()) for number in range(700))


def test_uses_are_seen_after_a_backup_was_restored(database: Database) -> None:
    first, second = Ledger(database, clock), Ledger(database, clock)
    for each in (ONE, TWO):
        first.add(each, END, clock())
        first.record({each: END})
    with database.write() as connection:
        connection.execute(used.used_assertions.delete())
        reset = "DELETE FROM sqlite_sequence WHERE name = 'used_assertions'"
        restart = "ALTER SEQUENCE used_assertions_seq_seq RESTART"
        connection.exec_driver_sql(restart if database.is_postgresql else reset)
    second.add(THREE, END, clock())
    second.record({THREE: END})
    first.add(THREE, END, clock())

    assert set(first.record({THREE: END})) == {THREE}


def test_of_processes_at_one_time_one_is_the_first(database: Database) -> None:
    firsts: list[int] = []
    uses = {bytes([number]) * 12: END for number in range(50)}

    def present() -> None:
        ledger = Ledger(database, clock)
        for digest in uses:
            ledger.add(digest, END, clock())
        firsts.append(len(uses) - len(ledger.record(uses)))

    threads = [threading.Thread(target=present) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(firsts) == [0, 0, 0, 50]


def test_expired_assertions_are_forgotten_in_bounded_steps(database: Database) -> None:
    with database.write() as connection:
        for number in range(25):
            used.add(connection, {number.to_bytes(12): int(END)}, NOW)
        used.add(connection, {b"z" * 12: int(END)}, LATER)
    deleted = []
    for _ in range(4):
        with database.write() as connection:
            deleted.append(used.prune(connection, NOW, limit=10))
    with database.write() as connection:
        [left] = used.after(connection, 0)
        assert not used.has_expired(connection, NOW)

    assert deleted == [10, 10, 5, 0]
    assert list(left.read()) == [(b"z" * 12, int(END))]


def test_the_table_does_not_grow_with_assertions_that_have_expired(database: Database) -> None:
    ledger = Ledger(database, lambda: at)
    at = NOW.timestamp()
    rows, taken = [], []
    for _ in range(3):
        for number in range(20):
            uses = {secrets.token_bytes(12): at + 60 for _ in range(500)}
            for digest, end in uses.items():
                assert ledger.add(digest, end, at), number
            ledger.record(uses)
        with database.write() as connection:
            found = used.after(connection, 0)
            rows.append(len(found))
            taken.append(sum(len(each.uses) for each in found) / 10_000)
        at += 125
        with database.write() as connection:
            used.prune(connection, datetime.fromtimestamp(at, UTC))

    assert rows == [20, 20, 20]
    assert max(taken) <= 60  # bytes for each assertion
