"""The time limit of a connection."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Literal

_TOLERANCE = 0.001  # seconds: a connection may be closed this much early

Purpose = Literal["idle", "head", "body", "response", "end"]
"""What a connection waits for: a request, the rest of its head or body, the client to read the
response, or the connection's end."""


class Deadline:
    """When a connection expires, unless the deadline is moved or removed before.

    One timer serves many requests, as setting and cancelling one for each takes longer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, expire: Callable[[], None]) -> None:
        self.at = 0.0  # the loop's time; 0 for none
        self.purpose: Purpose = "head"
        self._loop = loop
        self._expire = expire
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf

    def set(self, seconds: float, purpose: Purpose, now: float) -> None:
        """Let the connection expire in so many seconds."""
        self.at = at = now + seconds
        self.purpose = purpose
        if self._timer_at > at:
            self._start_timer(seconds)

    def close(self) -> None:
        """Stop the timer, and release the connection, which is closed."""
        self._cancel()
        self._expire = _do_nothing

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_timer(self, seconds: float) -> None:
        self._cancel()
        self._timer_at = self.at
        self._timer = self._loop.call_later(seconds, self._on_time)

    def _on_time(self) -> None:
        """Expire if the deadline is over, or check again later."""
        self._timer, self._timer_at = None, inf
        if not self.at:
            return  # the application has the request; its response sets a deadline
        left = self.at - self._loop.time()
        if left > _TOLERANCE:
            self._start_timer(left)
        else:
            self._expire()


def _do_nothing() -> None:
    """Do nothing when the time of a closed connection is over."""
