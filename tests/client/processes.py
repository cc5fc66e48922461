"""Many callers at once, without hoping for luck."""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import TypeVar

Result = TypeVar("Result")
PATIENCE = 30.0  # seconds; reached only where something hangs


class Clock:
    """A clock to move by hand, which tells when so many `callers` want a token they must wait for.

    A token source looks at it twice for each caller who has to wait, and four times more until
    the first token request is sent.
    """

    def __init__(self, callers: int = 0) -> None:
        self.now = 1000.0
        self.awaited = 2 * callers + 4
        self.looks: list[None] = []
        self.all_here = Event()

    def __call__(self) -> float:
        self.looks.append(None)
        if len(self.looks) >= self.awaited:
            self.all_here.set()
        return self.now

    def wait_for_all(self) -> None:
        if not self.all_here.wait(PATIENCE):
            raise TimeoutError("the crowd did not come")


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
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return results
