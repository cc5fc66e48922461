"""Learns from PostgreSQL at once that something was committed; the poll goes on, less often.

A pooler in transaction mode passes no notifications on, so the address is that of the server.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import structlog

from gatepass.server.storage.postgresql import OPTIONS, is_pooled
from gatepass.server.storage.postgresql_address import parse
from gatepass.server.storage.statements import CHANNEL

_CONNECT_WITHIN = "5"  # seconds
_RETRY_AFTER = 5.0  # seconds
_LOOK_EVERY = 1.0  # seconds between looks whether to end
_SERVER = (
    "SELECT pg_postmaster_start_time()::text, oid FROM pg_database "
    "WHERE datname = current_database()"
)

log = structlog.get_logger("gatepass.server")


class Listener:
    """A thread with a connection of its own, which calls `wake` for each notification."""

    def __init__(
        self,
        address: str,
        identity: Callable[[], tuple[object, ...]],
        wake: Callable[[], None],
        retry_after: float = _RETRY_AFTER,
    ) -> None:
        self.is_listening = False
        self._parameters: dict[str, Any] = OPTIONS | parse(address)
        self._identity = identity  # of the database that is followed
        self._wake = wake
        self._retry_after = retry_after
        self.failure = ""  # why it does not listen; the last one that was logged
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            failure = "the connection ended"
            try:
                self._listen()
            except psycopg.Error as error:
                failure = str(error).partition("\n")[0]
            except Exception as error:  # noqa: BLE001 - the database is away: the follower says so
                failure = str(error)
            self.is_listening = False
            self._log(failure)
            self._stop.wait(self._retry_after)

    def _listen(self) -> None:
        given = {"connect_timeout": _CONNECT_WITHIN} | self._parameters
        with psycopg.connect(**given, autocommit=True) as connection:
            if is_pooled(connection):
                self._log("a pooler answers; give the server's own address")
                return
            if connection.execute(_SERVER).fetchone() != self._identity()[:2]:
                self._log("it is another database")
                return
            connection.execute(f"LISTEN {CHANNEL}".encode())
            self.failure, self.is_listening = "", True
            self._wake()  # for what was committed before
            while not self._stop.is_set():
                for _ in connection.notifies(timeout=_LOOK_EVERY, stop_after=1):
                    self._wake()

    def _log(self, failure: str) -> None:
        """Log a failure once: the server polls as if there were no address to listen at."""
        if not self.failure and not self._stop.is_set():
            self.failure = failure
            with suppress(ValueError):  # of a closed stream at the end
                log.warning("listener.failed", error=failure)
