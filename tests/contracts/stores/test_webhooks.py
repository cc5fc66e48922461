"""Webhooks on both databases: events, numbers, leases, results, and what is found to tell of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.changes.webhooks import store
from gatepass.server.domain.changes.webhooks.endpoints import store as endpoints
from gatepass.server.domain.changes.webhooks.model import KEPT, LEASE, Endpoint, Result
from gatepass.server.domain.changes.webhooks.operations import Webhooks
from gatepass.server.domain.usage.rising import store as rising
from gatepass.server.storage.database import Database
from gatepass.server.storage.master_key import MasterKey

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
TAKEN = Result(204, "", 12)
REFUSED = Result(500, "", 12)


@pytest.fixture
def webhooks(database: Database) -> Webhooks:
    return Webhooks(database, MasterKey(bytes(32)), "production", "https://app.example.com")


def add(webhooks: Webhooks, *events: str) -> Endpoint:
    _, stored = webhooks.new_key()
    new = Endpoint(uuid4(), None, "https://a.example/", events, "", NOW, "operator", secret=stored)
    with webhooks.database.write() as connection:
        endpoints.add(connection, new)
    return new


def emit(webhooks: Webhooks, client_id: str, name: str = "application.enabled") -> None:
    with webhooks.database.write() as connection:
        webhooks.emit(connection, name, NOW, client_id=client_id, name="Billing")


def test_events_are_numbered_by_endpoint_and_application(webhooks: Webhooks) -> None:
    every, some = add(webhooks), add(webhooks, "application.disabled")
    emit(webhooks, "a")
    emit(webhooks, "b")
    emit(webhooks, "a", "application.disabled")

    claimed = {each.endpoint.id: each for each in webhooks.claim(NOW, 9)}

    def numbers(endpoint: UUID) -> list[tuple[str, int]]:
        return [(each.event.client_id, each.sequence) for each in claimed[endpoint].deliveries]

    assert numbers(every.id) == [("a", 1), ("b", 1), ("a", 2)]
    assert numbers(some.id) == [("a", 1)]
    assert [len(each.keys) for each in claimed.values()] == [1, 1]


def test_an_endpoint_is_one_process_s_until_it_is_released_or_the_lease_is_over(
    webhooks: Webhooks,
) -> None:
    added = add(webhooks)
    emit(webhooks, "a")

    first = len(webhooks.claim(NOW, 9))
    meanwhile = len(webhooks.claim(NOW + LEASE / 2, 9))
    webhooks.release(added.id, NOW + LEASE / 2)
    released = len(webhooks.claim(NOW + LEASE / 2, 9))
    later = len(webhooks.claim(NOW + 2 * LEASE, 9))

    assert (first, meanwhile, released, later) == (1, 0, 1, 1)


def test_what_was_taken_has_ended_and_what_was_not_is_due_later(webhooks: Webhooks) -> None:
    added = add(webhooks)
    emit(webhooks, "a")
    emit(webhooks, "b")
    [claimed] = webhooks.claim(NOW, 9)
    with webhooks.database.write() as connection:
        for each, result in zip(claimed.deliveries, (TAKEN, REFUSED), strict=True):
            webhooks.settle(connection, each, result, NOW)
    webhooks.release(added.id, NOW)

    with webhooks.database.read() as connection:
        states = [each.state for each in store.newest(connection, added.id, None, 9)]
        waiting = store.newest(connection, added.id, "waiting", 9)
        figures = store.number_waiting(connection), endpoints.number_failing(connection)

    assert states == ["waiting", "delivered"]
    assert [(each.status, each.attempts) for each in waiting] == [(500, 1)]
    assert figures == (1, 1)
    assert webhooks.claim(NOW + timedelta(seconds=1), 9) == []
    assert len(webhooks.claim(NOW + timedelta(seconds=9), 9)) == 1


def test_events_are_forgotten_with_their_deliveries(webhooks: Webhooks) -> None:
    added = add(webhooks)
    emit(webhooks, "a")

    with webhooks.database.write() as connection:
        kept = store.prune(connection, NOW + KEPT)
        forgotten = store.prune(connection, NOW + KEPT + timedelta(seconds=1))
        left = store.newest(connection, added.id, None, 9)

    assert (kept, forgotten, left) == (0, 1, [])


def test_signing_secrets_are_encrypted_under_a_new_master_key(webhooks: Webhooks) -> None:
    add(webhooks)
    emit(webhooks, "a")
    [before] = webhooks.claim(NOW, 9)
    both = MasterKey(b"\x01" * 32, bytes(32))
    new = replace(webhooks, master_key=both)

    changed = [new.encrypt_again() for _ in range(2)]
    alone = replace(webhooks, master_key=MasterKey(b"\x01" * 32))
    [after] = alone.claim(NOW + LEASE, 9)

    assert changed == [1, 0]
    assert after.keys == before.keys


def test_refusals_are_looked_for_where_there_are_none(database: Database) -> None:
    with database.read() as connection:
        assert rising.most_refused(connection, 300, NOW) == []
        assert rising.told(connection, [uuid4()], NOW) == set()
        assert rising.refused_between(connection, uuid4(), NOW, NOW) == 0
