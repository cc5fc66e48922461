import os
import pwd
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import apsw
import pytest
from sqlalchemy import select

from contracts import samples
from contracts.samples import NOW
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.errors import DatabaseAwayError


def test_what_is_written_is_there_for_everybody_when_the_block_ends(
    database: Database, connect: Callable[[], Database]
) -> None:
    with database.write() as connection:
        new = samples.organization(connection)

    with connect().read() as connection:
        assert organizations.find(connection, new.id) == new


def test_a_watch_says_that_the_database_is_away_and_then_that_something_may_have_changed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "locked.sqlite3"
    database = Database(sqlite_url(file))
    database.migrate()
    database.close()
    has_changed = database.watch()
    with closing(apsw.Connection(str(file))) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("DELETE FROM throttle")
        with pytest.raises(DatabaseAwayError):
            has_changed()

    assert has_changed()
    assert not has_changed()
    database.close()


def test_nothing_is_written_where_the_block_fails(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            samples.organization(connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with database.read() as connection:
        assert organizations.list_all(connection) == []


def test_a_reader_does_not_see_what_is_not_committed_and_does_not_wait_for_it(
    database: Database, connect: Callable[[], Database]
) -> None:
    reader = connect()

    with database.write() as connection:
        samples.organization(connection)
        with reader.read() as other:
            assert organizations.list_all(other) == []


def test_writers_stand_in_line(database: Database, connect: Callable[[], Database]) -> None:
    """Each reads the newest number and adds one: two at a time would read the same."""
    writers = [connect() for _ in range(4)]

    def add_ten(writer: Database) -> None:
        for _ in range(10):
            with writer.write() as connection:
                subject = str(len(changes.after(connection, 0)))
                changes.record(connection, changes.ORGANIZATION, subject, NOW)

    with ThreadPoolExecutor(len(writers)) as threads:
        list(threads.map(add_ten, writers))

    with database.read() as connection:
        subjects = [change.subject for change in changes.after(connection, 0)]
    assert subjects == [str(number) for number in range(40)]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC),
        datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=-11))),
    ],
)
def test_a_moment_comes_back_as_it_was_in_utc(database: Database, moment: datetime) -> None:
    with database.write() as connection:
        new = samples.organization(connection)
        organizations.set_suspended(connection, new.id, moment)

    with database.read() as connection:
        found = connection.execute(select(organization.c.suspended_at)).scalar_one()
    assert found == moment
    assert found.tzinfo is UTC


def test_who_watches_hears_of_a_commit(database: Database, connect: Callable[[], Database]) -> None:
    has_changed = connect().watch()
    has_changed()

    with database.write() as connection:
        samples.organization(connection)

    assert has_changed()


def test_a_file_that_is_read_only_is_said_to_be() -> None:
    """As a user who is not root, to whom permissions mean nothing."""
    nobody = pwd.getpwnam("nobody").pw_uid
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.sqlite3"
        with closing(Database(sqlite_url(file))) as database:
            database.migrate()
        Path(folder).chmod(0o555)
        file.chmod(0o444)
        own = os.geteuid()
        os.seteuid(own or nobody)
        try:
            with (
                closing(Database(sqlite_url(file))) as database,
                pytest.raises(DatabaseAwayError, match=r"read-only|cannot be opened"),
                database.write() as connection,
            ):
                samples.organization(connection)
        finally:
            os.seteuid(own)
            Path(folder).chmod(0o700)


def test_waiting_for_another_programs_lock_ends_at_the_deadline(tmp_path: Path) -> None:
    file = tmp_path / "locked.sqlite3"
    with closing(Database(sqlite_url(file))) as database:
        database.migrate()
        with closing(apsw.Connection(str(file))) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with (
                deadline.shared(0.2),
                pytest.raises(DatabaseAwayError, match="another program holds it up"),
                database.write(),
            ):
                pass
            with deadline.each(60), database.read() as connection:  # readers do not wait
                assert organizations.list_all(connection) == []


def test_writers_in_line_give_up_at_the_deadline(database: Database) -> None:
    def write() -> None:
        with deadline.shared(0.2), database.write():
            pass

    with database.write(), ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(write) for _ in range(8)]
        for each in waiting:
            with pytest.raises(DatabaseAwayError):
                each.result()


@pytest.mark.parametrize("address", ["sqlite", "postgresql"])
def test_a_database_that_is_not_there_is_said_to_be_away(address: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    database = Database(
        sqlite_url(nowhere / "x.sqlite3")
        if address == "sqlite"
        else f"postgresql+psycopg://gatepass@/gatepass?host={nowhere}"
    )

    with pytest.raises(DatabaseAwayError), database.read():
        pass
    with pytest.raises(DatabaseAwayError), database.write():
        pass
    with pytest.raises(DatabaseAwayError):
        database.migrate()
