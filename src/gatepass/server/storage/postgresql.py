"""PostgreSQL: connections that never wait beyond the deadline, and one writer at a time.

The time limits are given to the server with each transaction, not as startup parameters, which
poolers such as PgBouncer refuse. The server cannot keep them where it stands still itself, so
each wait for an answer ends at the deadline, too, and closes the connection.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar, cast

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import Connection, Engine, create_engine, event, text

from gatepass.server.storage import deadline
from gatepass.server.storage.connection_slots import KEPT
from gatepass.server.storage.postgresql_address import parse
from gatepass.wire.urls import is_loopback

_WRITERS_LOCK = 0x6761746570617373  # "gatepass": one writer at a time, as on SQLite
_CONNECT_AT_MOST = 10.0  # seconds
_CONNECT_SHARE = 2 / 3  # of the time that remains, for each address: another one may answer
_LOOK_EVERY = 0.05  # seconds between looks at the deadline
_SERVER_ENDS_EARLIER = 0.9  # so that it answers in time, and the connection can stay open
_IDLE = 2000  # ms: who holds the lock and is silent for longer has missed its deadline
_IDLE_IN_LONG_WORK = 10_000  # ms
OPTIONS = {  # of libpq; they bound what no deadline does: unused connections and long work
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_RISKS = {
    "synchronous_commit": "each write of the server sets it to on; other programs' do not",
    "fsync": "a crash of the machine can lose or damage everything",
    "full_page_writes": "a crash of the machine can damage pages",
}

_VERIFYING = {"verify-ca", "verify-full"}
_UNVERIFIED = "who is between this machine and the database can pose as it; set verify-full"

Ready = TypeVar("Ready")
Wanted = TypeVar("Wanted")
Returned = TypeVar("Returned")


def engine(address: str, most: int, is_writing: Callable[[Connection], bool]) -> Engine:
    """Return the engine of a PostgreSQL database, with at most so many connections.

    `is_writing` marks transactions that write. Raises AddressError.
    """
    parameters: dict[str, Any] = OPTIONS | parse(address)
    kept = min(KEPT, most)
    made = create_engine(
        "postgresql+psycopg://",
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=kept,
        max_overflow=most - kept,
    )

    @event.listens_for(made, "do_connect")
    def _connect(_: object, __: object, ___: object, options: dict[str, Any]) -> Any:  # noqa: ANN401 - psycopg's
        opened = _Connection.connect(**parameters, **options)
        if is_pooled(opened):
            opened.prepare_threshold = None
        return opened

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(_beginning(writes=is_writing(connection)))

    return made


def risks(connection: Connection) -> dict[str, str]:
    """Return the settings of the server that can lose acknowledged commits, each with a reason."""
    query = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    rows = connection.execute(query, {"names": list(_RISKS)})
    found = {f"{name} = off": _RISKS[name] for name, setting in rows if setting == "off"}
    info = cast("_Connection", connection.connection.driver_connection).info
    return found | risk_of_network(info.host, info.get_parameters().get("sslmode", "prefer"))


def risk_of_network(host: str, sslmode: str) -> dict[str, str]:
    """Return the risk of a connection that does not verify who is at its other end."""
    if host.startswith(("/", "@")) or is_loopback(host) or sslmode in _VERIFYING:
        return {}
    return {f"sslmode = {sslmode}": _UNVERIFIED}


def identity(connection: Connection) -> tuple[object, ...]:
    """Return what no other schema of any server has at the same time, however it is reached."""
    query = (
        "SELECT pg_postmaster_start_time()::text, pg_database.oid, pg_namespace.oid "
        "FROM pg_database, pg_namespace "
        "WHERE datname = current_database() AND nspname = current_schema()"
    )
    return tuple(connection.exec_driver_sql(query).one())


def time_of(connection: Connection) -> float:
    """Return the time of the server's clock, Unix seconds."""
    query = "SELECT extract(epoch FROM clock_timestamp())::float8"
    return float(connection.exec_driver_sql(query).scalar_one())


class _Connection(psycopg.Connection[Any]):
    """A connection that waits for the server until the deadline at most."""

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Any:  # noqa: ANN401 - a generator of psycopg's
        seconds = min(_CONNECT_AT_MOST, deadline.remaining() * _CONNECT_SHARE)
        return _until(time.monotonic() + seconds, super()._connect_gen(conninfo))

    def wait(self, gen: Any, interval: float = _LOOK_EVERY, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Wait for an answer; at the deadline close the connection, and raise OperationalError."""
        at = deadline.ends_at()
        if at is None:
            return super().wait(gen, interval, *args, **kwargs)
        try:
            return super().wait(_until(at, gen), min(interval, _LOOK_EVERY), *args, **kwargs)
        except _LateError:
            self.pgconn.finish()  # an answer that still comes belongs to nobody
            raise


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Return whether a pooler answers, which says another process id than the server.

    One that gives each transaction any server's connection, as PgBouncer may, does not have what
    was prepared on another one, and passes no notifications on.
    """
    before, connection.autocommit = connection.autocommit, True  # nothing is sent for that
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute("SELECT pg_backend_pid()").fetchone()
    finally:
        connection.autocommit = before
    return found != (connection.info.backend_pid,)


class _LateError(psycopg.OperationalError):
    """The server has not answered before the deadline."""


def _until(
    at: float, waiting: Generator[Wanted, Ready, Returned]
) -> Generator[Wanted, Ready, Returned]:
    """Do what `waiting` does; raise _LateError when it goes on waiting at `at` (monotonic).

    psycopg's loops resume a generator at each interval, even if nothing has come.
    """
    try:
        wanted = next(waiting)
        while True:
            ready = yield wanted
            wanted = waiting.send(ready)
            if time.monotonic() >= at:
                raise _LateError("The database did not answer in time.")
    except StopIteration as ended:
        returned: Returned = ended.value
        return returned


def _beginning(*, writes: bool) -> str:
    """Return the first statements of a transaction: its limits and, of a writer, the lock.

    Sent as one, so that they cost one round trip. `remote_apply` is stricter than `on` and stays.
    """
    milliseconds = max(1, int(deadline.remaining() * _SERVER_ENDS_EARLIER * 1000))
    idle = _IDLE_IN_LONG_WORK if deadline.is_long() else _IDLE
    limits = (
        f"SET LOCAL lock_timeout = {milliseconds}; "
        f"SET LOCAL statement_timeout = {milliseconds}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {idle}; "
    )
    if not writes:
        return limits + "SET TRANSACTION READ ONLY"
    return (
        limits + "SELECT set_config('synchronous_commit', "
        "CASE current_setting('synchronous_commit') "
        "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true), "
        f"pg_advisory_xact_lock({_WRITERS_LOCK})"
    )
