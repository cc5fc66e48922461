"""Who may use a connection: waiting for one ends at the deadline, and writers wait in turn."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from gatepass.server.storage import deadline

MOST = 15  # connections to a database, unless the settings say otherwise
KEPT = 5  # of them that stay open
_WRITERS = 2  # one that writes, one that already waits for the lock; the others take no connection


class Slots:
    """Connections that may be in use; waiting for one ends at the deadline."""

    def __init__(self, most: int = MOST) -> None:
        self.connections = Places(most)
        self.writers = Places(_WRITERS)

    @contextmanager
    def take(self, *, writes: bool) -> Iterator[None]:
        """Hold a connection's place in the block; raise PassedError where none came free."""
        turn = self.writers.held_place() if writes else nullcontext()
        with turn, self.connections.held_place():
            yield


class Places:
    """At most `most` holders at a time; the counts are for the metrics.

    `waited` are the seconds for which threads have waited, `timeouts` how often in vain.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self.waiting = 0
        self.waited = 0.0
        self.timeouts = 0
        self._semaphore = threading.Semaphore(most)
        self._count = threading.Lock()

    @contextmanager
    def held_place(self) -> Iterator[None]:
        """Hold a place in the block; raise PassedError where none came free in time."""
        if not self._semaphore.acquire(blocking=False):
            self._wait()
        with self._count:
            self.held += 1
        try:
            yield
        finally:
            with self._count:
                self.held -= 1
            self._semaphore.release()

    def _wait(self) -> None:
        started = time.monotonic()
        with self._count:
            self.waiting += 1
        is_free = False
        try:
            is_free = self._semaphore.acquire(timeout=deadline.remaining())
        finally:
            with self._count:
                self.waiting -= 1
                self.waited += time.monotonic() - started
                self.timeouts += not is_free
        if not is_free:
            raise deadline.PassedError
