"""Small reads of a SQLite file on the thread that asks, so also on the event loop.

A read of one row is a few microseconds of SQLite's page cache; to hand it to a thread takes longer
than all of it. What could hold up the event loop is not waited for: another thread that reads, a
lock of another program, and, for a while after a slow read, a disk.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw

from gatepass.server.storage.errors import DatabaseAwayError

_SLOW = 0.01  # seconds; less is a disk at work, or another process on the processor
_REST = 20  # times as long as a slow read: so they hold up the event loop for a twentieth at most
_PAUSE = 1.0  # seconds after a failure
_CACHE = -8_000  # KiB of pages

Rows = list[tuple[Any, ...]]


class DirectReads:
    """Reads on a connection of its own; threads may share it. `check` looks at the file."""

    def __init__(
        self,
        path: Path,
        check: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._check = check
        self._now = now
        self._connection: apsw.Connection | None = None
        self._lock = threading.Lock()
        self._not_before = 0.0

    def rows(self, sql: str, values: Sequence[str | bytes | int]) -> Rows | None:
        """Return the rows of a query, or None where it must be done in a thread.

        Each query sees what was committed before it. Raises nothing: what fails here fails in the
        thread again, which says why.
        """
        started = self._now()
        if started < self._not_before or not self._lock.acquire(blocking=False):
            return None
        try:
            self._check()
            if self._connection is None:
                self._connection = _connect(self._path)
                started = self._now()
            found = self._connection.execute(sql, values).fetchall()
        except (apsw.Error, DatabaseAwayError):
            self._close()
            self._not_before = started + _PAUSE
            return None
        finally:
            self._lock.release()
        now = self._now()
        if now - started > _SLOW:
            self._not_before = now + _REST * (now - started)
        return found

    def close(self) -> None:
        """Close the connection; a later read opens another one."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close(force=True)
            self._connection = None


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(0)
    connection.execute(f"PRAGMA cache_size = {_CACHE}")
    connection.execute("SELECT name FROM sqlite_master").fetchall()  # reads the schema
    return connection
