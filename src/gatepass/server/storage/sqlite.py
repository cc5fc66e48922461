"""SQLite: the engine of a database file, over apsw, which has wheels for every platform.

apsw has no DB-API. SQLAlchemy needs little of one, and that is here: a module with `connect`, a
cursor with `description`, `rowcount` and `lastrowid`, and the names of the errors.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import apsw
from sqlalchemy import Connection as Transaction
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from gatepass.server.storage import deadline
from gatepass.server.storage.connection_slots import KEPT, MOST
from gatepass.server.storage.direct_reads import DirectReads
from gatepass.server.storage.errors import DatabaseAwayError, DatabaseLostError, reason_of
from gatepass.server.storage.sqlite_dialect import COMPILED, version

__all__ = ["OLDEST", "Connection", "Cursor", "File", "reader", "version"]

OLDEST = (3, 51, 3)  # before it a WAL reset could lose acknowledged commits

_READ_AND_WRITE = apsw.SQLITE_OPEN_READWRITE
_MAGIC = b"SQLite format 3\0"  # with which the file begins
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
_READ_ONLY = ("query_only = ON",)  # opened as read-only, it would leave the files of its log behind


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


class File:
    """A database file, which has to stay the one that was opened.

    SQLite goes on with a file that was deleted or replaced: what it writes is lost with it.
    """

    def __init__(
        self, path: Path, is_writing: Callable[[Transaction], bool], *, read_only: bool = False
    ) -> None:
        self._path = path
        self._read_only = read_only
        self._identity: tuple[int, int] | None = None  # of the file that was opened
        self.engine = _engine(self._connect, max_overflow=MOST - KEPT + 1)  # the watch's, too

        @event.listens_for(self.engine, "begin")
        def _begin(transaction: Transaction) -> None:
            connection = transaction.connection.dbapi_connection
            cast("Connection", connection).set_busy_timeout(_patience())
            begin = "BEGIN IMMEDIATE" if is_writing(transaction) else "BEGIN"
            transaction.exec_driver_sql(begin)

    def check(self) -> None:
        """Raise DatabaseLostError where another file, or none, is in the opened one's place."""
        if self._identity is None:
            return
        if self._identity_now() != self._identity:
            what = "was replaced" if self._path.exists() else "is gone"
            raise DatabaseLostError(f"the file {self._path.name} {what}; stop Gatepass, restore it")

    def watch(self) -> Callable[[], bool]:
        """Return a value that changes if something may have been committed since its last call.

        It asks `PRAGMA data_version` on a connection of its own, a look into shared memory, and
        looks at the file. It raises DatabaseAwayError.
        """
        connection: PoolProxiedConnection | None = None
        last = -1

        def has_changed() -> bool:
            nonlocal connection, last
            try:
                self.check()
                connection = connection or self.engine.raw_connection()
                version = self._version(cast("Connection", connection.dbapi_connection))
            except (DBAPIError, apsw.Error, DatabaseAwayError) as error:
                # The next look starts over: the numbers of two connections cannot be compared.
                connection, last = None, -1
                if isinstance(error, DatabaseAwayError):
                    raise
                raise DatabaseAwayError(type(error).__name__) from error
            changed, last = version != last, version
            return changed

        return has_changed

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Open a transaction on a copy of the file as it is now, which nothing of is left.

        The copy is made by SQLite's backup API in one step: writers do not wait, and the log
        (WAL) can be reset while the copy is read.
        """
        descriptor, name = tempfile.mkstemp(prefix=".snapshot-", dir=self._path.parent)
        os.close(descriptor)
        try:
            opened = _copy_of(self._path, name)
        except apsw.Error as error:
            raise DatabaseAwayError(reason_of(error) or type(error).__name__) from error
        finally:
            Path(name).unlink()
        engine = _engine(lambda: opened)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def direct_reads(self) -> DirectReads:
        """Return what reads this file on the calling thread."""
        return DirectReads(self._path, self.check)

    def free_space(self) -> int:
        """Return the free bytes of the file's disk."""
        return shutil.disk_usage(self._path.parent).free

    def _connect(self) -> Connection:
        creates = self._identity is None and not self._read_only
        flags = _READ_AND_WRITE | apsw.SQLITE_OPEN_CREATE if creates else _READ_AND_WRITE
        connection = _connect(self._path, flags)
        connection.set_busy_timeout(_patience())
        for pragma in _READ_ONLY if self._read_only else _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if self._identity is None:
            self._identity = self._identity_now()
        return connection

    def identity(self) -> tuple[object, ...]:
        """Return what no other file has at the same time."""
        return self._identity_now() or ()

    def _identity_now(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _version(self, connection: Connection) -> int:
        """Return the number that changes with each commit of another connection.

        The header is read through SQLite: closing a file of our own would drop SQLite's locks.
        """
        _, header = connection.read("main", 0, 0, len(_MAGIC))
        if header != _MAGIC:
            raise DatabaseLostError(
                f"the file {self._path.name} was overwritten; stop Gatepass, restore it"
            )
        ((version,),) = connection.execute("PRAGMA data_version")
        return cast("int", version)


def reader(file: Path) -> Engine:
    """Return the engine of somebody else's database, which is only read and never made."""
    return _engine(lambda: _connect(file, apsw.SQLITE_OPEN_READONLY))


def _copy_of(path: Path, name: str) -> Connection:
    """Copy a database into the empty file `name`; return a connection that reads the copy."""
    with (
        closing(_connect(path, _READ_AND_WRITE)) as source,
        closing(_connect(Path(name), _READ_AND_WRITE)) as target,
    ):
        source.set_busy_timeout(_patience())
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):  # it need not survive a crash
            target.execute(f"PRAGMA {pragma}")
        with target.backup("main", source, "main") as backup:
            backup.step(-1)
    # immutable: the copy says that it has a log (WAL), and has none
    uri = Path(f"file:{quote(name)}?immutable=1")
    return _connect(uri, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


def _engine(connect: Callable[[], Connection], **pool: int) -> Engine:
    return create_engine(
        "sqlite+apsw://",
        creator=connect,
        hide_parameters=True,
        execution_options={"compiled_cache": COMPILED},
        **pool,
    )


def _connect(file: Path, flags: int) -> Connection:
    connection = Connection(str(file), flags)
    connection.cursor_factory = Cursor
    connection.exec_trace = _describe
    return connection


def _patience() -> int:
    """Return the milliseconds for which another program may hold up the file."""
    return max(1, int(deadline.remaining() * 1000))


def _describe(cursor: Any, _sql: str, _bindings: object) -> bool:  # noqa: ANN401 - see __slots__
    """Note a statement's columns before it runs: apsw forgets them where there are no rows."""
    cursor.description = _columns(cursor) or None
    return True


_columns = apsw.Cursor.description.__get__  # type: ignore[attr-defined] # the slot above hides it
