"""Makes an index of a table that is in use, without holding up who reads or writes it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import InternalError

from gatepass.server.storage.database import Database
from gatepass.server.storage.errors import HeldUpError
from gatepass.server.storage.migrations.revisions import NewIndex

_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


def make(database: Database, index: NewIndex) -> None:
    """Make the index; one that a killed program left unfinished is made again.

    Raises HeldUpError where another node makes it, or vacuum is at work on the table.
    """
    if not database.is_postgresql:
        with database.write() as connection:
            connection.exec_driver_sql(_sql(index))
        return
    with database.write() as connection:
        is_valid = _drop_unfinished(connection, index)
    if not is_valid:
        with database.autocommit() as connection:
            connection.exec_driver_sql(_sql(index, "CONCURRENTLY "))


def _drop_unfinished(connection: Connection, index: NewIndex) -> bool:
    """Return whether the index is there and complete; drop an incomplete one.

    Who makes an index holds this lock until shortly before the commit that says it is complete.
    """
    # after a second PostgreSQL ends an automatic vacuum that is in the way
    connection.exec_driver_sql("SET LOCAL lock_timeout = '1500ms'")
    connection.exec_driver_sql(f"LOCK TABLE {index.table} IN SHARE UPDATE EXCLUSIVE MODE")
    is_valid: bool | None = connection.execute(_VALID, {"name": index.name}).scalar()
    if is_valid is False:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
        with _finished_meanwhile():
            connection.exec_driver_sql(f"DROP INDEX {index.name}")
    return bool(is_valid)


@contextmanager
def _finished_meanwhile() -> Iterator[None]:
    """Raise HeldUpError where PostgreSQL says that a row of its catalogue was just changed.

    The one who made the index has completed it: it is not dropped.
    """
    try:
        yield
    except InternalError as error:
        raise HeldUpError(str(error.orig).partition("\n")[0]) from error


def _sql(index: NewIndex, how: str = "") -> str:
    unique = "UNIQUE " if index.is_unique else ""
    where = f" WHERE {index.where}" if index.where else ""
    columns = ", ".join(index.columns)
    on = f"{index.name} ON {index.table} ({columns})"
    return f"CREATE {unique}INDEX {how}IF NOT EXISTS {on}{where}"
