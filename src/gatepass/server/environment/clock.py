"""The time of an environment, which all its nodes share and which never goes back.

PostgreSQL's clock is the one of all nodes. On SQLite it is the machine's, and never earlier than
what is stored already. So a time that one node stores, for example of a revocation, means the same
to the others.
"""

import threading
from collections.abc import Callable

_SLOWEST = 0.9  # of the normal speed, until a clock that was set back has caught up
_LOOKED_WITHIN = 10.0  # seconds; a clock that went further since the last look was set
_MOST = 3600.0  # seconds; a stored time further ahead comes from a clock that was wrong


class EnvironmentClock:
    """The machine's clock and an offset; calling it gives Unix seconds.

    Looking at it costs one addition. `adjust`, several times a second, keeps the offset right.
    """

    def __init__(self, own: Callable[[], float]) -> None:
        self.own = own
        self.offset = 0.0
        self._ahead = 0.0  # seconds by which the database's clock is ahead of ours
        self._lock = threading.Lock()
        self._adjusted_at = own()
        self._last = 0.0  # what it said when it was adjusted the last time

    def __call__(self) -> float:
        """Return the time of the environment."""
        return self.own() + self.offset

    def compare(self, database: float, asked_at: float, answered_at: float) -> None:
        """Compare the database's clock with readings of our own before and after (Unix seconds).

        What agrees with that, which the time of the answer leaves uncertain, changes nothing.
        """
        least, most = database - answered_at, database - asked_at
        with self._lock:
            self._ahead = min(max(self._ahead, least), most)

    def adjust(self, stored: float = 0.0) -> None:
        """Let the time go on from where it was, at `stored` (Unix seconds) or later.

        A jump forwards is taken at once. After one backwards the time goes on more slowly than
        the clock, until both agree again.
        """
        with self._lock:
            own = self.own()
            passed = own - self._adjusted_at
            if not 0 <= passed <= _LOOKED_WITHIN:
                passed = 0.0
            wanted = own + self._ahead
            if stored - wanted > _MOST:
                stored = 0.0
            now = max(wanted, self._last + passed * _SLOWEST, stored)
            self._adjusted_at, self._last = own, now
            self.offset = now - own if now > wanted else self._ahead
