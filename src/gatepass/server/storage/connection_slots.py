"""Who may use a connection: waiting for one ends at the deadline, and writers wait in turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from gatepass.server.storage import deadline

MOST = 15  # connections to a database, unless the settings say otherwise
KEPT = 5  # of them that stay open
_WRITERS = 2  # one that writes, one that already waits for the lock; the others take no connection


class Slots:
    """Connections that may be in use; waiting for one ends at the deadline."""

    def __init__(self, most: int = MOST) -> None:
        self._connections = threading.Semaphore(most)
        self._writers = threading.Semaphore(_WRITERS)

    @contextmanager
    def take(self, *, writes: bool) -> Iterator[None]:
        """Hold a connection's place in the block; raise PassedError where none came free."""
        turn = _held(self._writers) if writes else nullcontext()
        with turn, _held(self._connections):
            yield


@contextmanager
def _held(semaphore: threading.Semaphore) -> Iterator[None]:
    if not semaphore.acquire(timeout=deadline.remaining()):
        raise deadline.PassedError
    try:
        yield
    finally:
        semaphore.release()
