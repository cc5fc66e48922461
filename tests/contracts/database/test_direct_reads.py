"""Reads on the thread that asks: right or not at all, and never waiting."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import apsw
import pytest

from contracts import samples
from gatepass.server.domain.applications import cache_lookup
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.direct_reads import DirectReads
from gatepass.testing import Clock

COUNT = "SELECT count(*) FROM application"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "production.sqlite3"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(file))
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    """The clock of `reads`, which stands still, so that no read is slow."""
    return Clock(1000.0)


class Check:
    """The check of the file, before which a test may do something."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self.before: Callable[[], object] = lambda: None

    def __call__(self) -> None:
        self.before()
        self._check()


@pytest.fixture
def check(database: Database) -> Check:
    assert database.direct_reads is not None
    return Check(database.direct_reads._check)  # noqa: SLF001 - the real one


@pytest.fixture
def reads(file: Path, check: Check, clock: Clock) -> Iterator[DirectReads]:
    reads = DirectReads(file, check, clock)
    yield reads
    reads.close()


def test_each_read_sees_what_was_committed_before_it(
    database: Database, reads: DirectReads
) -> None:
    assert reads.rows(COUNT, ()) == [(0,)]

    with database.write() as connection:
        samples.stored_application(connection)
        assert reads.rows(COUNT, ()) == [(0,)]

    assert reads.rows(COUNT, ()) == [(1,)]


def test_an_application_is_the_same_as_by_sqlalchemy(
    database: Database, reads: DirectReads
) -> None:
    with database.write() as connection:
        stored = samples.varied_applications(connection)

    for application in stored:
        for key in (application.client_id, application.id.bytes):
            with database.read() as connection:
                found = cache_lookup.find(connection, key)
            assert cache_lookup.find_directly(reads, key) == (found,)
            assert found == CachedApplication.of(application)


@pytest.mark.parametrize("client_id", ["", "gpc_live_abc", "gpc_live_%", "\uffff", "a\0b", "'"])
def test_what_is_not_there_is_known_not_to_be_there(
    client_id: str, database: Database, reads: DirectReads
) -> None:
    assert cache_lookup.find_directly(reads, client_id) == (None,)  # in an empty table, too

    with database.write() as connection:
        samples.stored_application(connection, client_id="gpc_live_AbC")

    assert cache_lookup.find_directly(reads, client_id) == (None,)
    assert cache_lookup.find_directly(reads, uuid4().bytes) == (None,)


def test_a_file_that_was_replaced_is_not_read(
    file: Path, database: Database, reads: DirectReads
) -> None:
    with database.write() as connection:
        samples.stored_application(connection)
    assert reads.rows(COUNT, ()) == [(1,)]

    file.rename(file.with_suffix(".old"))
    assert reads.rows(COUNT, ()) is None
    Database(sqlite_url(file)).migrate()

    assert reads.rows(COUNT, ()) is None


def test_a_lock_of_another_program_is_not_waited_for(
    file: Path, database: Database, reads: DirectReads, clock: Clock
) -> None:
    other = apsw.Connection(str(file))
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.engine.dispose()
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE x (y)")

    assert reads.rows(COUNT, ()) is None

    other.execute("ROLLBACK")
    other.close()
    assert reads.rows(COUNT, ()) is None  # not at once
    clock.now += 1.0
    assert reads.rows(COUNT, ()) == [(0,)]


def test_a_slow_read_leaves_twenty_times_as_long_to_threads(
    reads: DirectReads, check: Check, clock: Clock
) -> None:
    assert reads.rows(COUNT, ()) == [(0,)]
    check.before = lambda: clock.advance(0.011)
    assert reads.rows(COUNT, ()) == [(0,)]
    check.before = lambda: None

    assert reads.rows(COUNT, ()) is None
    clock.now += 0.219
    assert reads.rows(COUNT, ()) is None
    clock.now += 0.002
    assert reads.rows(COUNT, ()) == [(0,)]


def test_while_one_thread_reads_another_one_is_not_held_up(
    reads: DirectReads, check: Check
) -> None:
    is_reading, may_end = threading.Event(), threading.Event()

    def stand_still() -> None:
        is_reading.set()
        may_end.wait()

    check.before = stand_still
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(reads.rows(COUNT, ())))
    thread.start()
    is_reading.wait()

    assert reads.rows(COUNT, ()) is None
    may_end.set()
    thread.join()

    assert found == [[(0,)]]


def test_a_statement_that_fails_is_left_to_a_thread(reads: DirectReads, clock: Clock) -> None:
    assert reads.rows("SELECT nothing FROM nowhere", ()) is None
    clock.now += 1.0
    assert reads.rows(COUNT, ()) == [(0,)]


def test_nothing_can_be_written(database: Database, reads: DirectReads) -> None:
    with database.write() as connection:
        samples.stored_application(connection)

    assert reads.rows("DELETE FROM application_secret", ()) is None

    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM application_secret").scalar() == 1
