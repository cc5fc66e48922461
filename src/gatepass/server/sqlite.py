"""SQLite: the engine of a database file, over apsw, which has wheels for every platform.

apsw has no DB-API. SQLAlchemy needs little of one, and that is here: a module with `connect`, a
cursor with `description`, `rowcount` and `lastrowid`, and the names of the errors.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import apsw
from sqlalchemy import Connection as Transaction
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine.interfaces import DBAPIModule

OLDEST = (3, 51, 3)  # before it a WAL reset could lose acknowledged commits

_READ_ONLY = apsw.SQLITE_OPEN_READONLY
_READ_AND_WRITE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
_PATIENCE = 10_000  # milliseconds to wait for another writer
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
_OPERATIONAL = (
    "AbortError",
    "AuthError",
    "BusyError",
    "CantOpenError",
    "CorruptError",
    "FullError",
    "IOError",
    "InterruptError",
    "LockedError",
    "NotADBError",
    "PermissionsError",
    "ProtocolError",
    "ReadOnlyError",
    "SchemaChangeError",
)
_ERRORS = dict.fromkeys(_OPERATIONAL, "OperationalError") | {
    "BindingsError": "ProgrammingError",
    "ConstraintError": "IntegrityError",
    "InternalError": "InternalError",
    "MismatchError": "IntegrityError",
    "MisuseError": "ProgrammingError",
    "RangeError": "ProgrammingError",
    "SQLError": "ProgrammingError",
    "TooBigError": "DataError",
}


class Cursor(apsw.Cursor):
    """A cursor as DB-API (PEP 249) has it."""

    __slots__ = ("description",)  # the columns of the last statement, None where it returns no rows

    @property
    def rowcount(self) -> int:
        """The rows that the last INSERT, UPDATE or DELETE has changed."""
        return self.connection.changes()

    @property
    def lastrowid(self) -> int:
        """The number of the row that was inserted last."""
        return self.connection.last_insert_rowid()

    def fetchmany(self, size: int = 1) -> list[tuple[object, ...]]:
        """Return the next `size` rows, or those that are left."""
        return list(islice(self, size))

    def close(self, force: bool = True) -> None:  # noqa: FBT001, FBT002 - apsw's signature
        """Close, whatever was not fetched."""
        super().close(force)


class Connection(apsw.Connection):
    """A connection as DB-API has it; a transaction begins by BEGIN alone."""

    def commit(self) -> None:
        """Commit the transaction, if there is one."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is one: SQLite itself has, after some errors."""
        if self.in_transaction:
            self.execute("ROLLBACK")


def version() -> tuple[int, ...]:
    """Return the version of the SQLite library."""
    return tuple(map(int, apsw.sqlite_lib_version().split(".")))


def engine(file: Path, is_writing: Callable[[Transaction], bool]) -> Engine:
    """Return the engine of a database; `is_writing` tells which transactions write."""
    made = _engine(file, _READ_AND_WRITE)

    @event.listens_for(made, "connect")
    def _prepare(connection: Connection, _: object) -> None:
        connection.set_busy_timeout(_PATIENCE)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def _begin(transaction: Transaction) -> None:
        begin = "BEGIN IMMEDIATE" if is_writing(transaction) else "BEGIN"
        transaction.exec_driver_sql(begin)

    return made


def reader(file: Path) -> Engine:
    """Return the engine of somebody else's database, which is only read and never made."""
    return _engine(file, _READ_ONLY)


def _engine(file: Path, flags: int) -> Engine:
    return create_engine(
        "sqlite+apsw://",
        connect_args={"file": str(file), "flags": flags},
        hide_parameters=True,
    )


def _connect(file: str, flags: int) -> Connection:
    connection = Connection(file, flags)
    connection.cursor_factory = Cursor
    connection.exec_trace = _describe
    return connection


def _describe(cursor: Any, _sql: str, _bindings: object) -> bool:  # noqa: ANN401 - see __slots__
    """Note a statement's columns before it runs: apsw forgets them where there are no rows."""
    cursor.description = _columns(cursor) or None
    return True


_columns = apsw.Cursor.description.__get__  # type: ignore[attr-defined] # the slot above hides it


class Dialect(SQLiteDialect):
    """SQLAlchemy's SQLite over apsw."""

    driver = "apsw"
    default_paramstyle = "qmark"
    supports_statement_cache = True
    supports_sane_multi_rowcount = False  # rowcount is that of the last of many
    returns_native_bytes = True
    dbapi_exception_translation_map = _ERRORS

    @classmethod
    def import_dbapi(cls) -> DBAPIModule:
        """Return what SQLAlchemy needs of a DB-API module."""
        module = SimpleNamespace(
            connect=_connect,
            paramstyle="qmark",
            Error=apsw.Error,
            Binary=bytes,
            sqlite_version_info=version(),
        )
        return cast("DBAPIModule", module)

    def _get_server_version_info(self, connection: object) -> tuple[int, ...]:  # noqa: ARG002
        return version()


registry.register("sqlite.apsw", __name__, Dialect.__name__)
