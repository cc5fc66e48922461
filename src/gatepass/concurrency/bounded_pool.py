"""Threads for slow work, with a queue of bounded length: what comes on top is refused."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from gatepass.wire.errors import OAuthError

RETRY_AFTER = 5  # seconds
_LOG_EVERY = 60.0  # seconds: a line for each refusal would let a stranger fill the log

Returned = TypeVar("Returned")

log = structlog.get_logger("gatepass.server")


class BoundedPool(ThreadPoolExecutor):
    """Runs at most `threads` pieces of work at a time while at most `queue` more wait.

    `refused` counts the pieces of work that found the queue full. `say` is what a refused
    caller reads, `note` what the log has.
    """

    def __init__(self, name: str, threads: int, queue: int, *, say: str, note: str) -> None:
        super().__init__(max_workers=threads, thread_name_prefix=name)
        self.refused = 0
        self._name = name
        self._at_once = threads
        self._most = threads + queue
        self._say, self._note = say, note
        self._pending = 0  # running and waiting
        self._logged_at = -_LOG_EVERY
        self._count = threading.Lock()

    @property
    def waiting(self) -> int:
        """Return how many pieces of work wait for a thread."""
        return max(0, self._pending - self._at_once)

    def check(self) -> None:
        """Raise OAuthError (503) if the queue is full; reserves nothing."""
        with self._count:
            if self._pending < self._most:
                return
        raise self._full()

    def submit(
        self,
        fn: Callable[..., Returned],
        /,
        *args: Any,  # noqa: ANN401 - as the executor takes them
        **kwargs: Any,  # noqa: ANN401
    ) -> "Future[Returned]":
        """Add a piece of work to the queue; raise OAuthError (503) if it is full."""
        with self._count:
            is_full = self._pending >= self._most
            self._pending += not is_full
        if is_full:
            raise self._full()
        try:
            future = super().submit(fn, *args, **kwargs)
        except RuntimeError:  # it is shut down
            self._done()
            raise
        future.add_done_callback(self._done)
        return future

    def _done(self, _: "Future[Any] | None" = None) -> None:
        with self._count:
            self._pending -= 1

    def _full(self) -> OAuthError:
        now = time.monotonic()
        with self._count:
            self.refused += 1
            is_to_log = now - self._logged_at >= _LOG_EVERY
            if is_to_log:
                self._logged_at = now
        if is_to_log:
            log.warning("queue.full", queue=self._name, refused=self.refused)
        return OAuthError(
            "temporarily_unavailable", self._say, log_detail=self._note, retry_after=RETRY_AFTER
        )
