"""A PostgreSQL, or another node, that stands still: nobody waits beyond the deadline."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Barrier, Event

import psycopg
import pytest
from sqlalchemy import make_url, text

from contracts import postgres, samples
from contracts.nodes import another_node_in_a_write, stopped
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Connection, Database, sqlite_url
from gatepass.server.storage.errors import DatabaseAwayError


@pytest.fixture
def address(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def own(address: str) -> Iterator[Database]:
    with closing(Database(address)) as database:
        database.migrate()
        yield database


def backend(connection: Connection) -> int:
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    assert isinstance(pid, int)
    return pid


def test_a_write_ends_while_another_node_is_stopped_in_its_own(own: Database, address: str) -> None:
    with another_node_in_a_write(address) as node, stopped(node):
        with pytest.raises(DatabaseAwayError), own.write():
            pytest.fail("the other node holds the lock")
        with own.read() as connection:  # which needs no lock
            assert organizations.list_all(connection) == []


def test_writes_go_on_once_a_stopped_node_has_missed_its_deadline(
    own: Database, address: str
) -> None:
    with another_node_in_a_write(address) as node, stopped(node), deadline.each(30):
        with own.write() as connection:
            samples.organization(connection)

        with own.read() as connection:
            assert len(organizations.list_all(connection)) == 1


def test_a_statement_ends_whose_server_process_is_stopped(own: Database) -> None:
    def wait_for(connection: Connection) -> None:
        with stopped(backend(connection)):
            connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAwayError), own.read() as connection:
        wait_for(connection)

    with own.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_kept_connection_whose_server_process_is_stopped_is_given_up(own: Database) -> None:
    with own.read() as connection:
        kept = backend(connection)

    with stopped(kept):
        with pytest.raises(DatabaseAwayError), own.read():
            pytest.fail("the only connection is stopped")
        with own.read() as connection:
            assert backend(connection) != kept


def test_a_commit_ends_whose_server_process_is_stopped(own: Database) -> None:
    with ExitStack() as after, pytest.raises(DatabaseAwayError), own.write() as connection:
        after.enter_context(stopped(backend(connection)))

    with deadline.each(30), own.write() as connection:
        samples.organization(connection)


def test_a_slow_statement_is_ended_by_the_server_and_its_connection_stays(own: Database) -> None:
    with own.read() as connection:
        before = backend(connection)
    with deadline.each(1), pytest.raises(DatabaseAwayError), own.read() as connection:
        connection.execute(text("SELECT pg_sleep(600)"))

    with own.read() as connection:
        assert backend(connection) == before


def test_a_connection_to_who_says_nothing_is_given_up() -> None:
    """A listener that accepts and is silent, as a proxy in front of a stopped server."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        database = Database(f"postgresql+psycopg://a@127.0.0.1:{port}/a")
        with pytest.raises(DatabaseAwayError), database.read():
            pytest.fail("nobody has answered")


def test_a_silent_host_leaves_time_for_the_next_one(address: str) -> None:
    parts = make_url(address)
    folder = parts.query["host"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        hosts = f"host=127.0.0.1:{port}&host={folder}:5432"
        url = f"postgresql+psycopg://gatepass@/{parts.database}?{hosts}"
        with closing(Database(url)) as database, database.read() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_nobody_waits_for_a_connection_beyond_the_deadline(own: Database) -> None:
    over, all_entered = Event(), Barrier(16)

    def read() -> None:
        with deadline.each(60), own.read():
            all_entered.wait()
            over.wait()

    with ThreadPoolExecutor(15) as threads:
        reading = [threads.submit(read) for _ in range(15)]
        try:
            all_entered.wait()
            with pytest.raises(DatabaseAwayError), own.read():
                pytest.fail("all connections are in use")
        finally:
            over.set()
        for each in reading:
            each.result()
    with own.read():
        pass


def test_writers_that_wait_leave_connections_to_readers(own: Database, address: str) -> None:
    def write() -> None:
        with pytest.raises(DatabaseAwayError), own.write():
            pytest.fail("the other node holds the lock")

    with another_node_in_a_write(address) as node, stopped(node), ThreadPoolExecutor(40) as threads:
        writing = [threads.submit(write) for _ in range(40)]
        read, refused = 0, []
        while not any(each.done() for each in writing):
            try:
                with own.read() as connection:
                    assert organizations.list_all(connection) == []
                read += 1
            except DatabaseAwayError as error:
                refused.append(str(error))
        for each in writing:
            each.result()
    assert read > len(refused)  # on a busy machine an answer may be late
    assert "all connections are in use" not in refused


def test_the_transactions_of_a_request_spend_one_allowance(own: Database) -> None:
    with deadline.shared(1.0):
        with own.read() as connection:
            connection.execute(text("SELECT pg_sleep(0.5)"))
        with pytest.raises(DatabaseAwayError), own.read() as connection:
            connection.execute(text("SELECT pg_sleep(0.6)"))


@pytest.mark.usefixtures("own")
def test_a_database_that_is_read_only_is_away_for_writers_alone(
    address: str,
) -> None:
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        name = make_url(address).database
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    with closing(Database(address)) as database:
        with pytest.raises(DatabaseAwayError, match="read-only"), database.write() as connection_:
            samples.organization(connection_)
        with database.read() as connection_:
            assert organizations.list_all(connection_) == []


def test_a_reader_cannot_write(own: Database) -> None:
    with pytest.raises(DatabaseAwayError, match="read-only"), own.read() as connection:
        samples.organization(connection)


def test_a_database_whose_tables_are_gone_is_away(own: Database, address: str) -> None:
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    with pytest.raises(DatabaseAwayError, match="tables"), own.read() as reading:
        organizations.list_all(reading)


@pytest.mark.parametrize(
    ("default", "in_a_write"),
    [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_a_write_waits_until_it_is_durable_whatever_is_the_default(
    address: str, default: str, in_a_write: str
) -> None:
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        name = make_url(address).database
        setting = f"synchronous_commit = {default}"
        connection.execute(f"ALTER DATABASE {name} SET {setting}".encode())
    with closing(Database(address)) as database:
        with database.write() as writing:
            assert writing.execute(text("SHOW synchronous_commit")).scalar_one() == in_a_write
        told = database.risks()
    assert ("synchronous_commit = off" in told) is (default == "off")
    assert "fsync = off" in told  # as these tests run it


def test_nothing_is_told_of_a_sqlite_database(tmp_path: Path) -> None:
    with closing(Database(sqlite_url(tmp_path / "x.sqlite3"))) as database:
        assert database.risks() == {}


def test_what_was_acknowledged_survives_a_crash_where_commits_are_asynchronous() -> None:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    options = "-c synchronous_commit=off -c wal_writer_delay=10000"
    with postgres.running(binaries, options=options) as address:
        url = make_url(address.format(name="postgres"))
        folder = url.query["host"]
        assert isinstance(folder, str)
        with closing(Database(str(url))) as database:
            database.migrate()
            for _ in range(60):
                with database.write() as connection:
                    samples.organization(connection)
            postgres.crash(binaries, Path(folder))
            postgres.start(binaries, Path(folder), options)

            with database.read() as connection:
                assert len(organizations.list_all(connection)) == 60
