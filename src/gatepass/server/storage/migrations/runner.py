"""Brings a database to this version, step by step; the next start goes on where one was ended.

Several nodes may do so at once: each step is done in one writing transaction that looks first how
far the tables are, and what is done outside of it may be done twice.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import structlog
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from gatepass.server.storage import deadline
from gatepass.server.storage.database import Database, metadata
from gatepass.server.storage.errors import DatabaseError, HeldUpError
from gatepass.server.storage.migrations import new_index, revisions, schema_table, state
from gatepass.server.storage.migrations.revisions import FIRST, Migration

_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '200ms'"  # others wait for the tables as long, at most
_NOT_PERMITTED = "42501"
_PAUSE = 0.5  # seconds between two attempts, on average

Done = TypeVar("Done")

log = structlog.get_logger("gatepass.server")


def migrate(
    database: Database, migrations: Sequence[Migration], done: Callable[[], None] = lambda: None
) -> None:
    """Do each of the `migrations` that is not done; raise DatabaseError where one cannot be.

    `done` is called after each one, those that were done before included.
    """
    before = database.schema().revision
    first = [each for each in migrations if each.revision <= FIRST]
    with deadline.each(deadline.LONG):
        _patiently(lambda: _do_first(database, first))
        for _ in first:
            done()
        for migration in migrations[len(first) :]:
            _do(database, migration)
            done()
    after = database.schema().revision
    if before is not None and before != after:
        log.info("database.migrated", revision_before=before, revision=after)


def _do_first(database: Database, migrations: Sequence[Migration]) -> None:
    """Do those that are one transaction."""
    with database.write() as connection:
        at = state.read(connection).revision or ""
        left = [each for each in migrations if each.revision > at]
        for migration in left:
            _upgrade(connection, migration)
        if left:
            schema_table.record_for_first_programs(connection, left[-1].revision)


def _do(database: Database, migration: Migration) -> None:
    if _is_done(database.schema(), migration):
        return
    if migration.index:
        index = migration.index
        _patiently(lambda: new_index.make(database, index))
    while migration.move_rows and _patiently(lambda: _move_rows(database, migration)):
        pass  # other writers have their turn
    _patiently(lambda: _finish(database, migration))


def _finish(database: Database, migration: Migration) -> None:
    """Do what is left of a step, and write that it is done, in one transaction."""
    with database.write() as connection:
        before = state.read(connection)
        if _is_done(before, migration):
            return
        if database.is_postgresql:
            connection.exec_driver_sql(_LOCK_TIMEOUT)
        _upgrade(connection, migration)
        oldest = max(before.oldest_compatible, migration.oldest_compatible)
        schema_table.record(connection, migration.revision, oldest)
        if oldest > FIRST:  # programs that know no `gatepass_schema` are too old now
            schema_table.record_for_first_programs(connection, oldest)


def _move_rows(database: Database, migration: Migration) -> int:
    with database.write() as connection:
        if migration.move_rows is None or _is_done(state.read(connection), migration):
            return 0
        return migration.move_rows(connection)


def _upgrade(connection: Connection, migration: Migration) -> None:
    if migration.upgrade:
        # whose rules name the constraints
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        with Operations.context(context):
            migration.upgrade()


def _is_done(schema: state.Schema, migration: Migration) -> bool:
    return schema.revision is not None and schema.revision >= migration.revision


def _patiently(attempt: Callable[[], Done]) -> Done:
    """Return what the attempt does; try again while another program holds the tables up."""
    until = time.monotonic() + deadline.LONG
    while True:
        try:
            with _one_line():
                return attempt()
        except HeldUpError as error:
            if time.monotonic() > until:
                raise DatabaseError(
                    "Another program holds up the tables of the database (a backup, a long query, "
                    "another migration). Try again when it has ended."
                ) from error
            time.sleep(_PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - no secret


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_PERMITTED:
            raise
        raise DatabaseError(
            f"The role may not change the tables ({str(error.orig).splitlines()[0]}). Run this "
            "with the address of the role that owns them: gatepass migrate"
        ) from error


def load_and_migrate(database: Database, done: Callable[[], None]) -> None:
    """Do all that this program knows."""
    migrate(database, revisions.load(), done)
