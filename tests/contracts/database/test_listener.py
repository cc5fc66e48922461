"""Changes that PostgreSQL announces; where that fails, they are looked for as before."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest

from contracts import pgbouncer
from contracts.samples import NOW
from gatepass.server.domain.changes import store as changes
from gatepass.server.storage.database import Database
from gatepass.server.storage.postgresql_listener import Listener


class _Woken:
    def __init__(self) -> None:
        self.times = threading.Semaphore(0)

    def __call__(self) -> None:
        self.times.release()

    def wait(self) -> bool:
        return self.times.acquire(timeout=20)


@pytest.fixture
def woken() -> _Woken:
    return _Woken()


@pytest.fixture
def listen(postgresql_url: str, woken: _Woken) -> Iterator[Callable[[str], Listener]]:
    """Starts to listen at an address for the changes of a database with its tables."""
    with closing(Database(postgresql_url)) as database:
        database.migrate()
    started: list[Listener] = []
    followed: list[Database] = []

    def start(address: str) -> Listener:
        followed.append(Database(postgresql_url))
        listener = Listener(address, followed[-1].identity, woken, retry_after=0.05)
        listener.start()
        started.append(listener)
        return listener

    yield start
    for each in started:
        each.stop()
    for database in followed:
        database.close()


def _change(url: str) -> None:
    with closing(Database(url)) as database, database.write() as connection:
        changes.record(connection, changes.REVOCATION, "aa", NOW)


def test_a_change_wakes_who_listens(
    postgresql_url: str, listen: Callable[[str], Listener], woken: _Woken
) -> None:
    listener = listen(postgresql_url)
    assert woken.wait()  # for what was there before
    assert listener.is_listening

    _change(postgresql_url)

    assert woken.wait()


def test_a_listener_whose_connection_ends_says_so_and_listens_again(
    postgresql_url: str,
    listen: Callable[[str], Listener],
    woken: _Woken,
) -> None:
    listen(postgresql_url)
    assert woken.wait()

    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        )

    assert woken.wait()  # it listens again
    _change(postgresql_url)
    assert woken.wait()


def test_at_a_pooler_or_another_database_nothing_is_listened_for(
    cluster: str,
    postgresql_url: str,
    listen: Callable[[str], Listener],
) -> None:
    program = pgbouncer.find()
    if program is None:
        pytest.skip(pgbouncer.MISSING)
    name = postgresql_url.partition("@/")[2].partition("?")[0]
    with pgbouncer.running(program, cluster) as pooled:
        at = [listen(pooled.format(name=name)), listen(cluster.format(name="postgres"))]
        until = time.monotonic() + 20
        while not all(each.failure for each in at):
            assert time.monotonic() < until

    assert "a pooler answers" in at[0].failure
    assert "another database" in at[1].failure
    assert [each.is_listening for each in at] == [False, False]
