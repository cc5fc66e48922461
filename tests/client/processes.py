"""Many concurrent callers."""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import TypeVar

from gatepass.testing import Clock

Result = TypeVar("Result")
TIMEOUT = 30.0  # seconds; reached only where something hangs


class CallerClock(Clock):
    """A clock that knows when so many `callers` wait for a token.

    A token source reads it twice for each caller that has to wait, and four times more until
    the first token request is sent.
    """

    def __init__(self, callers: int = 0) -> None:
        super().__init__(1000.0)
        self._expected = 2 * callers + 4
        self.reads: list[None] = []
        self._all_waiting = Event()

    def __call__(self) -> float:
        self.reads.append(None)
        if len(self.reads) >= self._expected:
            self._all_waiting.set()
        return self.now

    def wait_for_callers(self) -> None:
        if not self._all_waiting.wait(TIMEOUT):
            raise TimeoutError("not all callers came")


def in_threads(count: int, work: Callable[[], Result]) -> list[Result | Exception]:
    """Do `work` in so many threads; give each one's result or error."""
    results: list[Result | Exception] = []

    def one() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            results.append(error)

    threads = [Thread(target=one, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + TIMEOUT
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return results
