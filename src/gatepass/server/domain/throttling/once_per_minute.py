"""A limit, in memory, on log lines that strangers or misconfigured proxies cause."""

from collections.abc import Hashable

MOST_KEYS = 100  # in a minute
_MINUTE = 60.0  # seconds


class OncePerMinute:
    """Admits each key once a minute, and at most `most` keys; used by one thread."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._admitted: set[Hashable] = set()
        self._from = 0.0

    def allow(self, key: Hashable, now: float) -> bool:
        """Return whether the key comes for the first time in this minute; `now` is in seconds."""
        if not 0 <= now - self._from < _MINUTE:  # a clock may be set back
            self._admitted.clear()
            self._from = now
        if key in self._admitted or len(self._admitted) >= self._most:
            return False
        self._admitted.add(key)
        return True
