"""PgBouncer in transaction mode, which gives each transaction any of the server's connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import text

from contracts import pgbouncer, samples
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Database
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.migrations.revisions import OLDEST, Migration, NewIndex


@pytest.fixture
def pooled(cluster: str, postgresql_url: str) -> Iterator[Database]:
    """A database behind a PgBouncer with two connections to it."""
    program = pgbouncer.find()
    if program is None:
        pytest.skip(pgbouncer.MISSING)
    name = postgresql_url.partition("@/")[2].partition("?")[0]
    with (
        pgbouncer.running(program, cluster, connections=2) as address,
        closing(Database(address.format(name=name))) as database,
    ):
        yield database


def test_reads_and_writes_of_many_threads_share_few_connections(pooled: Database) -> None:
    pooled.migrate()

    def work(number: int) -> int:
        with deadline.each(60):
            for _ in range(10):  # more than the driver's threshold to prepare a statement
                with pooled.write() as connection:
                    samples.organization(connection, f"Org {number}")
                with pooled.read() as connection:
                    found = len(organizations.list_all(connection))
                    changes.since(connection, changes.START, 100)
        return found

    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(work, range(8)))

    assert max(counts) == 80


def test_migrations_pass_through_it_and_an_index_is_made_beside_writers(pooled: Database) -> None:
    index = NewIndex("ix_person_town", "person", ("town",))
    steps = [*revisions.load(), Migration("9999", "", "expand", OLDEST, index=index)]

    runner.migrate(pooled, steps)

    assert pooled.schema().revision == "9999"


def test_limits_of_a_transaction_do_not_stay_on_the_servers_connection(pooled: Database) -> None:
    with pooled.write() as connection:
        inside = connection.execute(text("SHOW lock_timeout")).scalar_one()

    with pooled.autocommit() as connection:
        outside = {connection.execute(text("SHOW lock_timeout")).scalar_one() for _ in range(5)}

    assert inside != "0"
    assert outside == {"0"}


def test_statements_are_prepared_only_where_the_server_itself_answers(
    pooled: Database, postgresql_url: str
) -> None:
    with closing(Database(postgresql_url)) as direct:
        assert [_prepares(direct), _prepares(pooled)] == [True, False]


def _prepares(database: Database) -> bool:
    with database.read() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        return raw.prepare_threshold is not None


def test_a_writer_that_waits_for_another_ends_at_its_deadline(pooled: Database) -> None:
    pooled.migrate()

    def write() -> None:
        with deadline.shared(0.5), pooled.write():
            pass

    with pooled.write(), ThreadPoolExecutor(1) as threads, pytest.raises(DatabaseAwayError):
        threads.submit(write).result()
