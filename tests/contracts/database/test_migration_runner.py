"""How migrations are done: once, without long locks, and to the end after a program was killed."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

from commands import clean_variables
from contracts import samples
from gatepass.server.storage.database import Database
from gatepass.server.storage.errors import DatabaseError
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.migrations.revisions import NEWEST, OLDEST, Migration, NewIndex

_KNOWN = revisions.load()
_INDEX = NewIndex("uq_organization_name", "organization", ("name",), is_unique=True)


def _next(*, number: int = 9999, **form: object) -> list[Migration]:
    """Return what is known, and one step more."""
    return [*_KNOWN, Migration(str(number), "", "expand", OLDEST, **form)]  # type: ignore[arg-type]


def _add_column() -> None:
    op.add_column("organization", sa.Column("note", sa.Text))


@contextmanager
def _transaction(url: str, statement: str) -> Iterator[None]:
    """Hold a transaction of another program open."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(statement.encode())
        yield


def _wait_for(url: str, query: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        while not connection.execute(query.encode()).fetchone():
            pass


def test_several_nodes_that_start_at_once_do_each_step_once(
    connect: Callable[[], Database],
) -> None:
    done: list[str] = []

    def upgrade() -> None:
        done.append("upgrade")
        _add_column()

    steps = _next(upgrade=upgrade)
    nodes = [connect() for _ in range(4)]
    nodes[0].schema()  # the file is there

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda node: runner.migrate(node, steps), nodes))

    assert done == ["upgrade"]
    assert {node.schema().revision for node in nodes} == {"9999"}


def test_several_nodes_make_an_index_together(connect: Callable[[], Database]) -> None:
    nodes = [connect() for _ in range(3)]
    nodes[0].migrate()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda node: runner.migrate(node, _next(index=_INDEX)), nodes))

    assert {node.schema().revision for node in nodes} == {"9999"}
    assert _is_unique(nodes[0])


def test_an_index_that_another_node_completes_just_now_is_kept(postgresql_url: str) -> None:
    state = (
        "UPDATE pg_index SET indisvalid = {} WHERE indexrelid = 'uq_organization_name'::regclass"
    )
    with closing(Database(postgresql_url)) as database:
        database.migrate()
        with psycopg.connect(postgresql_url.replace("+psycopg", "")) as other:
            other.execute("CREATE UNIQUE INDEX uq_organization_name ON organization (name)")
            other.execute(state.format("false").encode())
            other.commit()
            other.execute(state.format("true").encode())
            thread = threading.Thread(target=runner.migrate, args=(database, _next(index=_INDEX)))
            thread.start()
            _wait_for(postgresql_url, "SELECT 1 FROM pg_locks WHERE NOT granted")
            other.commit()
            thread.join()

        assert database.schema().revision == "9999"
        assert _is_unique(database)


def test_a_step_waits_for_a_reader_without_holding_up_others(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database:
        database.migrate()
        with _transaction(postgresql_url, "SELECT count(*) FROM organization"):
            thread = threading.Thread(
                target=runner.migrate, args=(database, _next(upgrade=_add_column))
            )
            thread.start()
            _wait_for(postgresql_url, "SELECT 1 FROM pg_locks WHERE NOT granted")
            with psycopg.connect(postgresql_url.replace("+psycopg", "")) as other:
                other.execute("SET statement_timeout = '5s'")  # the step's own limit is 0.2 s
                for _ in range(20):
                    other.execute("SELECT count(*) FROM organization")
                    other.commit()
            assert database.schema().revision == NEWEST
        thread.join()
        assert database.schema().revision == "9999"


def test_writers_go_on_while_an_index_is_made(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database:
        database.migrate()
        with _transaction(postgresql_url, "UPDATE organization SET name = name"):
            thread = threading.Thread(target=runner.migrate, args=(database, _next(index=_INDEX)))
            thread.start()
            _wait_for(postgresql_url, "SELECT 1 FROM pg_stat_progress_create_index")
            with database.write() as connection:
                samples.organization(connection)
        thread.join()
        assert database.schema().revision == "9999"
        assert _is_unique(database)


def test_an_index_that_a_killed_program_left_unfinished_is_made_again(postgresql_url: str) -> None:
    plain = postgresql_url.replace("+psycopg", "")
    with closing(Database(postgresql_url)) as database:
        database.migrate()
        with psycopg.connect(plain, autocommit=True) as connection:
            insert = "INSERT INTO organization (id, name, created_at) VALUES (%s, 'Acme', 0)"
            for number in range(2):
                connection.execute(insert, (f"{number:032x}",))
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute(
                    "CREATE UNIQUE INDEX CONCURRENTLY uq_organization_name ON organization (name)"
                )
            connection.execute("UPDATE organization SET name = id::text")

        runner.migrate(database, _next(index=_INDEX))

        with psycopg.connect(plain) as connection:
            found = connection.execute(
                "SELECT indisvalid FROM pg_index"
                " WHERE indexrelid = 'uq_organization_name'::regclass"
            )
            assert found.fetchall() == [(True,)]


_KILLED = """
import os, signal, sys
from sqlalchemy import text
from gatepass.server.storage.database import Database
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.migrations.revisions import OLDEST, Migration

def move(connection):
    moved = connection.execute(text(
        "UPDATE organization SET name = 'moved' WHERE id IN"
        " (SELECT id FROM organization WHERE name <> 'moved' LIMIT 1)"
    )).rowcount
    left = connection.scalar(text("SELECT count(*) FROM organization WHERE name <> 'moved'"))
    if left == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return moved

step = Migration("9999", "", "expand", OLDEST, move_rows=move)
runner.migrate(Database(sys.argv[1]), [*revisions.load(), step])
"""


def test_rows_that_are_moved_in_batches_go_on_where_a_killed_program_ended(
    url: str, connect: Callable[[], Database]
) -> None:
    database = connect()
    database.migrate()
    with database.write() as connection:
        for _ in range(5):
            samples.organization(connection)

    def migrate(killed_with_left: int) -> int:
        command = [sys.executable, "-c", _KILLED, url, str(killed_with_left)]
        return subprocess.run(command, check=False, env=clean_variables()).returncode

    assert migrate(2) == -signal.SIGKILL
    assert _not_moved(database) == 3  # the third batch was not committed
    assert database.schema().revision == NEWEST

    assert migrate(-1) == 0
    assert _not_moved(database) == 0
    assert database.schema().revision == "9999"


def test_a_step_that_fails_leaves_those_before_it_done_and_nothing_of_its_own(
    connect: Callable[[], Database],
) -> None:
    database = connect()

    def fail() -> None:
        _add_column()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runner.migrate(database, _next(upgrade=fail))

    assert database.schema().revision == NEWEST
    assert "note" not in _columns(database)
    runner.migrate(database, _next(upgrade=_add_column))
    assert "note" in _columns(database)


def test_a_role_that_may_not_change_tables_is_told_so_in_one_line(postgresql_url: str) -> None:
    plain = postgresql_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")  # the cluster trusts everybody
    guest = postgresql_url.replace("gatepass@", "guest@")
    with closing(Database(guest)) as database, pytest.raises(DatabaseError) as refused:
        database.migrate()

    assert "may not" in str(refused.value)
    assert "gatepass migrate" in str(refused.value)


def test_what_programs_need_to_know_never_goes_back(connect: Callable[[], Database]) -> None:
    database = connect()
    contract = Migration("9998", "", "contract", NEWEST, upgrade=_add_column)
    expand = Migration("9999", "", "expand", OLDEST, upgrade=lambda: None)

    runner.migrate(database, [*_KNOWN, contract, expand])

    assert database.schema().oldest_compatible == NEWEST
    with database.read() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version"))
        assert found.scalar_one() == NEWEST  # programs that read it refuse the database


def _is_unique(database: Database) -> bool:
    return any(
        each["name"] == "uq_organization_name" and each["unique"]
        for each in sa.inspect(database.engine).get_indexes("organization")
    )


def _not_moved(database: Database) -> int:
    with database.read() as connection:
        query = text("SELECT count(*) FROM organization WHERE name <> 'moved'")
        return int(connection.execute(query).scalar_one())


def _columns(database: Database) -> set[str]:
    return {each["name"] for each in sa.inspect(database.engine).get_columns("organization")}
