"""Work under way: done in threads of its own, each piece once for all who wait for it."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from gatepass.guard.verification.introspection_request import unavailable

_AT_A_TIME = 16

Landed = TypeVar("Landed")


class SingleFlight:
    """Runs work for any number of threads and event loops, none of which waits for a socket."""

    def __init__(self) -> None:
        self._is_closed = False
        self.after_fork()

    def after_fork(self) -> None:
        """Begin with none under way: threads do not survive a fork, and a lock may be held."""
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="gatepass-guard")
        self._under_way: dict[Hashable, Future[Any]] = {}

    def join(self, key: Hashable, work: Callable[[], Landed]) -> "Future[Landed]":
        """Give what will come of `work`; it is begun unless some of the same key is under way.

        Raises Refused (`temporarily_unavailable`) where it cannot be begun.
        """
        with self._lock:
            flight = self._under_way.get(key)
            if flight is None:
                flight = self._begun(partial(self._fly, key, work))
                self._under_way[key] = flight
            return flight

    def close(self) -> None:
        """Wait for the work under way; no more is taken."""
        self._is_closed = True
        self._threads.shutdown()

    def _begun(self, work: "Callable[[], Landed]") -> "Future[Landed]":
        if self._is_closed:
            raise unavailable("the guard is closed")
        try:
            return self._threads.submit(work)
        except RuntimeError:  # the pool takes no more once the main thread has ended
            return _alone(work)

    def _fly(self, key: Hashable, work: Callable[[], Landed]) -> Landed:
        try:
            return work()
        finally:
            with self._lock:
                self._under_way.pop(key, None)


def _alone(work: Callable[[], Landed]) -> "Future[Landed]":
    """Begin `work` in a thread outside of the pool."""
    flight: Future[Landed] = Future()

    def fly() -> None:
        try:
            flight.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised for who waits
            flight.set_exception(error)

    try:
        threading.Thread(target=fly, name="gatepass-guard", daemon=True).start()
    except RuntimeError as error:  # a limit is reached, or the interpreter ends
        raise unavailable(f"no thread can be started ({error})") from None
    return flight
