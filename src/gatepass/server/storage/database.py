"""One environment's database: connections, transactions, migrations. It knows no table."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Integer,
    MetaData,
    TypeDecorator,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from gatepass.server.storage import deadline
from gatepass.server.storage.connection_slots import MOST, Slots
from gatepass.server.storage.errors import (
    DatabaseAwayError,
    DatabaseError,
    HeldUpError,
    detail_of,
    is_held_up,
    reason_of,
)
from gatepass.server.storage.postgresql.address import AddressError
from gatepass.server.storage.timestamps import EPOCH, milliseconds

if TYPE_CHECKING:
    from gatepass.server.storage.migrations.state import Schema
    from gatepass.server.storage.postgresql.listener import Listener
    from gatepass.server.storage.sqlite import File

__all__ = [
    "FORGOTTEN_AT_ONCE",
    "Connection",  # for callers that pass a transaction on; only stores speak SQL over it
    "Counter",
    "Database",
    "Timestamp",
    "has_revision",
    "metadata",
    "sqlite_url",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SQLITE = "sqlite:///"
_WRITE = "gatepass_write"
_DATABASE = "gatepass_database"

FORGOTTEN_AT_ONCE = 5000
"""How many rows one transaction deletes at most, as all other writers wait for it."""


class Timestamp(TypeDecorator[datetime]):
    """An aware datetime, kept as Unix milliseconds so that both databases compare alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return milliseconds."""
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Return the datetime in UTC."""
        return None if value is None else EPOCH + timedelta(milliseconds=value)


Counter = BigInteger().with_variant(Integer, "sqlite")
"""A growing number of 64 bits; SQLite grows only its own INTEGER."""


class Database:
    """An engine with two kinds of transaction: `read` sees one snapshot, `write` is alone."""

    def __init__(
        self, url: str, *, connections: int = MOST, read_only: bool = False, listen: str = ""
    ) -> None:
        self._listen = listen
        self._revision = ""
        self._file: File | None = None
        self._server: _Server | None = None
        if url.startswith(_SQLITE):
            self._file = _sqlite(url, read_only=read_only)
            self.engine = self._file.engine
        else:
            self._server = _Server(url, connections)
            self.engine = self._server.engine
        self.slots = Slots(connections)
        self._outer = threading.local()
        self.direct_reads = self._file.direct_reads() if self._file else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; raise DatabaseAwayError where that fails."""
        outer = self._outer_connection()
        if outer is not None:
            yield outer
            return
        with self._opened(writes=False) as connection:
            reading = connection.execution_options(**{_DATABASE: self})
            with reading.begin():
                yield reading

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the one writing transaction; committed and durable when the block ends.

        Writers stand in line on both databases, so a rule that is checked inside the block
        (a unique name, the last administrator) still holds when it commits.
        """
        outer = self._outer_connection()
        if outer is not None:
            with outer.begin_nested():
                yield outer
            return
        with self._opened(writes=True) as connection:
            writing = connection.execution_options(**{_WRITE: True, _DATABASE: self})
            with writing.begin():
                yield writing
            if self._file:
                self._file.check()

    @contextmanager
    def outer_write(self) -> Iterator[Connection]:
        """Open a writing transaction that every `read` and `write` of this thread takes part in.

        A `write` in this block is a savepoint: if it raises, what it wrote alone is undone. All is
        committed when this block ends, or nothing. In another such block it is a savepoint, too.
        """
        if self._outer_connection():
            with self.write() as connection:
                yield connection
            return
        with self.write() as connection:
            self._outer.connection = connection
            try:
                yield connection
            finally:
                self._outer.connection = None

    def _outer_connection(self) -> Connection | None:
        return getattr(self._outer, "connection", None)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a transaction that reads one moment for hours, for a backup; writers go on.

        Of a SQLite file that is a copy, which needs as much space on its disk. Raises
        DatabaseAwayError.
        """
        with deadline.each(deadline.SNAPSHOT), deadline.transaction(), _away_is_said():
            opened = self._file.snapshot() if self._file else self._snapshot()
            with opened as connection:
                yield connection

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        options = {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            # what is read may wait for a slow disk or network, for longer than a request
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection

    def risks(self) -> dict[str, str]:
        """Return settings of a PostgreSQL that can lose acknowledged commits, with a reason."""
        if self._server is None:
            return {}
        with self.read() as connection:
            return self._server.risks(connection)

    def time(self, connection: Connection) -> float | None:
        """Return the time of PostgreSQL's clock (Unix seconds); None on SQLite, which has none."""
        return self._server.time(connection) if self._server else None

    @property
    def is_postgresql(self) -> bool:
        """Return whether it is one, else it is SQLite."""
        return self._server is not None

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Open a connection of PostgreSQL without a transaction and without a limit of time."""
        with _away_is_said(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def schema(self) -> "Schema":
        """Return what the tables are; raise DatabaseError where they are another program's."""
        from gatepass.server.storage.migrations import state

        with self.read() as connection:
            return state.read(connection)

    def has(self, connection: Connection, revision: str) -> bool:
        """Return whether the tables are of this revision or a later one; asked until they are.

        For what is in tables that a server which may not migrate does not have yet.
        """
        if self._revision < revision:
            from gatepass.server.storage.migrations import state

            self._revision = state.read(connection).revision or ""
        return self._revision >= revision

    def is_known_to_have(self, revision: str) -> bool:
        """Return whether `has` would be true, from memory alone; False where it must be asked."""
        return self._revision >= revision

    def identity(self) -> tuple[object, ...]:
        """Return what tells this database from every other, by whatever address it is reached."""
        if self._file:
            return self._file.identity()
        with self.read() as connection:
            return self._server.identity(connection) if self._server else ()

    def migrate(self, done: Callable[[], None] = lambda: None) -> None:
        """Bring the tables to this version; raise DatabaseError where that cannot be done.

        `done` is called after each step of this version.
        """
        schema = self.schema()
        schema.check_usable()
        if not schema.is_newest:
            # Takes a quarter of a second and ten megabytes to load, and is seldom needed.
            from gatepass.server.storage.migrations.runner import load_and_migrate

            load_and_migrate(self, done)

    def watch(self) -> Callable[[], bool]:
        """Return a function: whether something may have been committed since its last call.

        On SQLite that is `PRAGMA data_version` on a connection of its own, a look into shared
        memory; on PostgreSQL always, as the query for changes is as cheap as the question. It
        raises DatabaseAwayError where the database does not tell.
        """
        return self._file.watch() if self._file else lambda: True

    def listener(self, wake: Callable[[], None]) -> "Listener | None":
        """Return what calls `wake` for each change, if there is an address to listen at."""
        if not self._listen or self._server is None:
            return None
        from gatepass.server.storage.postgresql.listener import Listener

        return Listener(self._listen, self.identity, wake)

    def free_space(self) -> int | None:
        """Return the bytes that are free on the disk of a SQLite file; None for PostgreSQL."""
        return self._file.free_space() if self._file else None

    def idle_connections(self) -> int:
        """Return how many connections are open and not in use."""
        pool = self.engine.pool
        return pool.checkedin() if isinstance(pool, QueuePool) else 0

    def close(self) -> None:
        """Close every connection."""
        if self.direct_reads:
            self.direct_reads.close()
        self.engine.dispose()

    @contextmanager
    def _opened(self, *, writes: bool) -> Iterator[Connection]:
        """Open a connection; what is done with it ends at the deadline (see `deadline`)."""
        with deadline.transaction(), _away_is_said(), self.slots.take(writes=writes):
            if self._file:
                self._file.check()
            with self.engine.connect() as connection:
                yield connection


def has_revision(connection: Connection, revision: str) -> bool:
    """Return `Database.has` of the database that a transaction is in, for the stores."""
    database = connection.get_execution_options().get(_DATABASE)
    if database is not None:
        return bool(database.has(connection, revision))
    from gatepass.server.storage.migrations import state

    return (state.read(connection).revision or "") >= revision


class _Server:
    """What a PostgreSQL has and SQLite has not; psycopg is loaded by it alone."""

    def __init__(self, address: str, connections: int) -> None:
        try:
            from gatepass.server.storage.postgresql import engine
        except ModuleNotFoundError:
            raise DatabaseError(
                "PostgreSQL needs a driver: pip install 'gatepass[server,postgres]'."
            ) from None

        try:
            self.engine = engine.engine(address, connections, _is_writing)
        except AddressError as error:
            raise DatabaseError(f"The value {error}.") from None
        self.risks = engine.risks
        self.time = engine.time_of
        self.identity = engine.identity


@contextmanager
def _away_is_said() -> Iterator[None]:
    try:
        yield
    except (PoolTimeoutError, deadline.PassedError) as error:
        raise DatabaseAwayError("all connections are in use") from error
    except DBAPIError as error:
        away = _why_away(error)
        if away is None:
            raise
        raise away from error


def _why_away(error: DBAPIError) -> DatabaseAwayError | None:
    """Return why the database cannot be used at the moment, or None where that is not the error."""
    if is_held_up(error.orig):
        return HeldUpError(reason_of(error.orig) or "")
    why = reason_of(error.orig)
    if why is not None:
        return DatabaseAwayError(why)
    if error.connection_invalidated:
        return DatabaseAwayError("connection lost")
    if isinstance(error, OperationalError):
        return DatabaseAwayError("no connection", detail_of(error.orig))
    return None


def _is_writing(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_WRITE))


def sqlite_url(file: Path) -> str:
    """Return the address of a SQLite database in `file`; nothing in it is escaped."""
    return f"{_SQLITE}{file}"


def _sqlite(url: str, *, read_only: bool) -> "File":
    from gatepass.server.storage import sqlite  # a server on PostgreSQL does without

    if sqlite.version() < sqlite.OLDEST:
        raise DatabaseError(
            f"SQLite {'.'.join(map(str, sqlite.version()))} can lose commits (WAL reset bug). "
            "Install a newer apsw."
        )
    return sqlite.File(Path(url.removeprefix(_SQLITE)), _is_writing, read_only=read_only)
