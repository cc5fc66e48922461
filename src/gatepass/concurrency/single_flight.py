"""Single flight: concurrent callers with the same key share one piece of blocking work."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")


class SingleFlight:
    """Runs work in its own threads, each key once at a time, for threads and event loops alike.

    `cannot_start` makes the exception that `join` raises when no thread can be started; its
    argument is the reason.
    """

    def __init__(self, threads: int, name: str, cannot_start: Callable[[str], Exception]) -> None:
        self._size = threads
        self._name = name
        self._cannot_start = cannot_start
        self._is_closed = False
        self.after_fork()

    def after_fork(self) -> None:
        """Start without work in flight: threads do not survive a fork, and a lock may be held."""
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(self._size, thread_name_prefix=self._name)
        self._in_flight: dict[Hashable, Future[Any]] = {}

    def join(self, key: Hashable, work: Callable[[], Result]) -> "Future[Result]":
        """Return the future of the work in flight for `key`; start `work` if there is none.

        A caller that may be cancelled must shield the future: others wait for it as well.
        """
        with self._lock:
            future = self._in_flight.get(key)
            if future is None:
                run = partial(self._run, self._in_flight, key, work)
                future = self._in_flight[key] = self._start(run)
            return future

    def forget(self) -> None:
        """Let later callers start new work; those who wait keep the work in flight."""
        with self._lock:
            self._in_flight = {}

    def close(self) -> None:
        """Wait for the work in flight; `join` raises from now on."""
        self._is_closed = True
        self._threads.shutdown()

    def _start(self, work: "Callable[[], Result]") -> "Future[Result]":
        if self._is_closed:
            raise self._cannot_start("it is closed")
        try:
            return self._threads.submit(work)
        except RuntimeError:  # the pool starts nothing once the main thread has ended
            return self._start_alone(work)

    def _run(
        self,
        in_flight: dict[Hashable, Future[Any]],  # as it was when the work was started
        key: Hashable,
        work: Callable[[], Result],
    ) -> Result:
        try:
            return work()
        finally:
            with self._lock:
                in_flight.pop(key, None)

    def _start_alone(self, work: "Callable[[], Result]") -> "Future[Result]":
        """Start `work` in a thread outside of the pool."""
        future: Future[Result] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised again for those who wait
                future.set_exception(error)

        try:
            threading.Thread(target=run, name=self._name, daemon=True).start()
        except RuntimeError as error:  # a limit is reached, or the interpreter ends
            raise self._cannot_start(f"no thread can be started ({error})") from None
        return future
