"""A clock that stands still until a test moves it."""

from threading import Lock

from gatepass.client.tokens.clock import ClockReading

_START = 1_000_000.0  # seconds; both clocks begin here, and no test should mind where


class Clock:
    """Tells the time as a TokenSource asks for it: `TokenSource(settings, now=clock)`.

    Pauses between attempts are waited for in real time all the same; `random=lambda: 0.0` makes
    them nothing, where the server does not ask for one by Retry-After.
    """

    def __init__(self) -> None:
        self._now = _START
        self._lock = Lock()

    def __call__(self) -> float:
        """Give the seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass, at once."""
        if seconds < 0:
            raise ValueError("this clock does not go back")
        with self._lock:
            self._now += seconds

    def read(self) -> ClockReading:
        """Return both clocks, for a cache: `FileCache(directory, read_clock=clock.read)`."""
        return ClockReading(self._now, self._now, "pretend")
