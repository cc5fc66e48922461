"""A clock that stops until a test advances it."""

from threading import Lock

from gatepass.client.tokens.clock import ClockReading

_START = 1_000_000.0  # seconds


class Clock:
    """Returns the time for a TokenSource: `TokenSource(settings, now=clock)`.

    It starts at `now`, in seconds. Pauses between attempts take real time nevertheless;
    `random=lambda: 0.0` makes them zero, where the server does not ask for one by Retry-After.
    """

    def __init__(self, now: float = _START) -> None:
        self.now = now
        self._lock = Lock()

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Advance the clock by `seconds`, at once."""
        if seconds < 0:
            raise ValueError("this clock does not go back")
        with self._lock:
            self.now += seconds

    def read(self) -> ClockReading:
        """Return both clocks, for a cache: `FileCache(directory, read_clock=clock.read)`."""
        return ClockReading(self.now, self.now, "test")
