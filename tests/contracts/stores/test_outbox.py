from datetime import UTC, datetime, timedelta

from contracts.samples import AWKWARD
from gatepass.server.domain.changes.outbox import store
from gatepass.server.domain.changes.outbox.model import KEPT, LEASE, State
from gatepass.server.storage.database import Database

NOW = datetime(2026, 11, 28, 20, 15, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def add(database: Database, *addresses: str, kind: str = "test", at: datetime = NOW) -> None:
    with database.write() as connection:
        for address in addresses:
            store.add(connection, "mail", kind, address, b"\0content", at, at + DAY)


def claim(database: Database, at: datetime, limit: int = 10) -> list[store.Row]:
    with database.write() as connection:
        return store.claim(connection, "mail", {"test"}, at, limit)


def rows(database: Database, state: State | None = None) -> list[store.Row]:
    with database.read() as connection:
        return store.newest(connection, "mail", state, 100)


def test_a_message_is_claimed_as_it_was_written_and_not_again_before_the_lease_ends(
    database: Database,
) -> None:
    add(database, AWKWARD)

    (claimed,) = claim(database, NOW)

    assert (claimed.address, claimed.content, claimed.attempts) == (AWKWARD, b"\0content", 1)
    assert claim(database, NOW + LEASE - SECOND) == []
    (again,) = claim(database, NOW + LEASE)
    assert again.attempts == 2


def test_the_oldest_messages_of_known_kinds_come_first(database: Database) -> None:
    add(database, "late", at=NOW + SECOND)
    add(database, "early", at=NOW)
    add(database, "unknown", kind="of_tomorrow", at=NOW - SECOND)

    assert [each.address for each in claim(database, NOW + DAY, limit=1)] == ["early"]
    assert [each.address for each in claim(database, NOW + DAY)] == ["late"]


def test_a_message_is_in_one_state_at_a_time(database: Database) -> None:
    add(database, "sent", "failed", "waiting")
    waiting, failed, sent = rows(database)
    with database.write() as connection:
        store.record_sent(connection, sent.id, NOW)
        store.record_failed(connection, failed.id, NOW, "550")
        store.postpone(connection, waiting.id, NOW + DAY, "450")

    for state in ("sent", "failed", "waiting"):
        assert [each.address for each in rows(database, state)] == [state]
    assert claim(database, NOW + DAY - SECOND) == []
    with database.read() as connection:
        assert not store.is_any_due(connection, "mail", NOW + DAY - SECOND)
        assert store.is_any_due(connection, "mail", NOW + DAY)


def test_a_retry_takes_what_failed_and_never_what_was_sent(database: Database) -> None:
    add(database, "sent", "failed", "waiting")
    waiting, failed, sent = rows(database)
    with database.write() as connection:
        store.record_sent(connection, sent.id, NOW)
        store.record_failed(connection, failed.id, NOW, "550")
        assert store.retry(connection, "mail", [sent.id], NOW, NOW + DAY) == 0
        assert store.retry(connection, "mail", None, NOW, NOW + DAY) == 1
        assert store.retry(connection, "mail", [waiting.id], NOW, NOW + DAY) == 1

    assert {each.address for each in claim(database, NOW)} == {"failed", "waiting"}


def test_what_ended_is_forgotten_after_its_time_and_what_waits_is_not(database: Database) -> None:
    add(database, "sent", "waiting", "new")
    new, _, sent = rows(database)
    with database.write() as connection:
        store.record_sent(connection, sent.id, NOW)
        store.record_failed(connection, new.id, NOW, "550")

        assert store.prune(connection, NOW + KEPT) == 0
        assert store.prune(connection, NOW + KEPT + SECOND, limit=1) == 1
        assert store.prune(connection, NOW + KEPT + SECOND) == 1

    assert [each.address for each in rows(database)] == ["waiting"]


def test_a_message_is_removed_by_one_of_those_who_try(database: Database) -> None:
    add(database, "anna")
    (row,) = rows(database)

    with database.write() as connection:
        removed = [store.remove(connection, row.id) for _ in range(2)]

    assert removed == [True, False]
    assert rows(database) == []
