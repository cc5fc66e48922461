"""Waiting for changes: any number of readers on an event loop, without a thread for each.

Nothing happens without a change. After one, readers are woken a few in each turn of
their loop, so that a thousand of them do not delay other requests.
"""

import asyncio
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextlib import suppress

_A_TURN = 50  # readers


class Notifier:
    """Notified by any thread, awaited on any event loop by at most `most` readers."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: dict[AbstractEventLoop, set[Future[None]]] = {}
        self._is_over = False

    def __len__(self) -> int:
        """Return how many wait."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    @property
    def is_full(self) -> bool:
        """Return whether as many wait as may."""
        return len(self) >= self._most

    async def wait(self, has_come: Callable[[], bool], seconds: float) -> None:
        """Return when `has_come`, which is asked once, or when told, or after `seconds`."""
        loop = asyncio.get_running_loop()
        woken: Future[None] = loop.create_future()
        with self._lock:
            if self._is_over or has_come():
                return
            self._waiting.setdefault(loop, set()).add(woken)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await woken
        finally:
            with self._lock:
                self._waiting.get(loop, set()).discard(woken)

    def notify(self) -> None:
        """Wake all readers."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for loop, readers in waiting.items():
            with suppress(RuntimeError):  # a loop that has ended has no readers
                loop.call_soon_threadsafe(_wake, loop, readers)

    def close(self) -> None:
        """Wake all readers and let none wait again: the server is about to stop."""
        with self._lock:
            self._is_over = True
        self.notify()


def _wake(loop: AbstractEventLoop, readers: set[Future[None]]) -> None:
    for _ in range(min(_A_TURN, len(readers))):
        woken = readers.pop()
        if not woken.done():
            woken.set_result(None)
    if readers:
        loop.call_soon(_wake, loop, readers)
