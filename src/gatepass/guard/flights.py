"""Work under way: done in threads of its own, each piece once for all who wait for it."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

_AT_A_TIME = 16

Landed = TypeVar("Landed")


class Flights:
    """Runs work for any number of threads and event loops, none of which waits for a socket."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Begin with none under way: threads do not survive a fork, and a lock may be held."""
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="gatepass-guard")
        self._under_way: dict[Hashable, Future[Any]] = {}

    def join(self, key: Hashable, work: Callable[[], Landed]) -> "Future[Landed]":
        """Give what will come of `work`; it is begun unless some of the same key is under way."""
        with self._lock:
            flight = self._under_way.get(key)
            if flight is None:
                flight = self._threads.submit(self._fly, key, work)
                self._under_way[key] = flight
            return flight

    def close(self) -> None:
        """Wait for the work under way; no more is taken."""
        self._threads.shutdown()

    def _fly(self, key: Hashable, work: Callable[[], Landed]) -> Landed:
        try:
            return work()
        finally:
            with self._lock:
                del self._under_way[key]
