"""The database that a restore or a copy fills: empty at first, with the tables of a revision."""

from collections.abc import Iterable

from sqlalchemy import Connection, inspect, select, text

from gatepass.server.storage import deadline
from gatepass.server.storage.database import Database, metadata
from gatepass.server.storage.errors import DatabaseError
from gatepass.server.storage.transfer import rows, unfinished
from gatepass.server.storage.transfer.rows import Row, RowDigest
from gatepass.server.storage.transfer.tables import LEFT_OUT, TransferTable, tables_of

_FILLED = {"resource", "scope"}  # by the migrations, with the Partner API's


class OtherRowsError(DatabaseError):
    """What is in a table is not what was written into it."""


def is_empty(connection: Connection) -> bool:
    """Return whether Gatepass has no tables here, or none has a row but what migrations insert."""
    return not any(
        connection.execute(select(each.table).limit(1)).first()
        for each in tables_of(connection)
        if each.name in metadata.tables and each.name not in _FILLED
    )


def clear(database: Database) -> None:
    """Drop Gatepass's tables; the caller has seen that they are empty or unfinished."""
    with deadline.each(deadline.LONG), database.write() as connection:
        progress = unfinished.find(connection)
        ours = {*metadata.tables, *LEFT_OUT, *(progress.complete if progress else ())}
        quote = connection.dialect.identifier_preparer.quote
        names = [name for name, _ in inspect(connection).get_sorted_table_and_fkc_names() if name]
        for name in reversed(names):
            if name in ours and name != "gatepass_unfinished":
                connection.execute(text(f"DROP TABLE {quote(name)}"))
        if progress:
            unfinished.end(connection)


def begin(database: Database, revision: str, work: str) -> None:
    """Make the tables of a revision in an empty database, marked as unfinished."""
    clear(database)
    _migrate_to(database, revision)
    with deadline.each(deadline.LONG), database.write() as connection:
        for table in reversed(tables_of(connection)):  # some migrations insert rows
            rows.empty(connection, table)
        unfinished.begin(connection, work)


def fill(database: Database, table: TransferTable, batches: Iterable[list[Row]]) -> RowDigest:
    """Write all rows of a table, and read them back; raise OtherRowsError if they differ."""
    written = RowDigest()
    with deadline.each(deadline.LONG):
        with database.write() as connection:
            rows.empty(connection, table)  # what a copy that was ended has left
        for batch in batches:
            with database.write() as connection:
                rows.write(connection, table, batch)
            written.add(batch)
    with deadline.each(deadline.SNAPSHOT), database.read() as connection:
        found = rows.digest(connection, table)
    if found.sha256() != written.sha256():
        raise OtherRowsError(
            f"The rows of {table.name} are not what was written. Check the disk of the target."
        )
    with deadline.each(deadline.LONG), database.write() as connection:
        rows.set_next_numbers(connection, table)
        unfinished.record(connection, table.name, found.rows, found.sha256())
    return written


def _migrate_to(database: Database, revision: str) -> None:
    from gatepass.server.storage.migrations import revisions, runner  # they load Alembic

    runner.migrate(database, [each for each in revisions.load() if each.revision <= revision])
