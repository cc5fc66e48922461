"""The guards that follow the feed, in both databases."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts import samples
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.revocations.followers import store
from gatepass.server.domain.revocations.followers.model import Follower, Poll
from gatepass.server.storage.database import Database

NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)
AGENT = "gatepass-guard/0.2.0 (api-1)"


@pytest.fixture
def application(database: Database) -> Application:
    with database.write() as connection:
        new = samples.application(samples.organization(connection).id)
        applications.add(connection, new)
    return new


def write(database: Database, follower: Follower, at: datetime, behind: int | None) -> None:
    with database.write() as connection:
        store.write(connection, {follower: Poll(at.timestamp(), behind)})


def test_the_latest_request_of_a_guard_counts_whichever_process_writes_last(
    database: Database, application: Application
) -> None:
    guard = Follower(application.id, "192.0.2.1", AGENT)
    write(database, guard, NOW, None)
    write(database, guard, NOW + timedelta(seconds=60), 0)
    write(database, guard, NOW + timedelta(seconds=30), 7)

    with database.read() as connection:
        [found] = store.latest(connection, 10)

    assert (found.client_id, found.source, found.agent) == (
        application.client_id,
        "192.0.2.1",
        AGENT,
    )
    assert (found.first_at, found.last_at) == (NOW, NOW + timedelta(seconds=60))
    assert found.behind == 0


def test_guards_are_distinguished_by_address_and_host(
    database: Database, application: Application
) -> None:
    for number, (source, agent) in enumerate(
        [("192.0.2.1", AGENT), ("192.0.2.2", AGENT), ("192.0.2.1", samples.AWKWARD)]
    ):
        guard = Follower(application.id, source, agent)
        write(database, guard, NOW + timedelta(seconds=number), number)

    with database.read() as connection:
        found = store.latest(connection, 2)

    assert [(each.source, each.agent) for each in found] == [
        ("192.0.2.1", samples.AWKWARD),
        ("192.0.2.2", AGENT),
    ]


def test_guards_of_a_deleted_application_hold_nothing_up_and_are_not_shown(
    database: Database, application: Application
) -> None:
    with database.write() as connection:
        store.write(
            connection,
            {
                Follower(each, "192.0.2.1", AGENT): Poll(NOW.timestamp(), 0)
                for each in (uuid4(), application.id)
            },
        )

    with database.read() as connection:
        [found] = store.latest(connection, 10)

    assert found.client_id == application.client_id


def test_a_guard_that_is_silent_for_a_week_is_forgotten(
    database: Database, application: Application
) -> None:
    for source, days in (("192.0.2.1", 8), ("192.0.2.2", 6)):
        write(database, Follower(application.id, source, AGENT), NOW - timedelta(days=days), 0)

    with database.write() as connection:
        deleted = store.prune(connection, NOW)
        [left] = store.latest(connection, 10)

    assert (deleted, left.source) == (1, "192.0.2.2")
