"""What was used once and must not be used again until it expires, in little memory."""

import threading

_SIZE = 12  # bytes of a digest that are kept
_PERIOD = 60  # seconds of expiry that are kept, and forgotten, together
_PLACES = 512


class FullError(Exception):
    """There is no room for another digest."""


class UsedDigests:
    """Digests until their time; 200,000 take less than 60 bytes each, and no more than `most` fit.

    They are in one string of bytes for each place and minute, as objects take several times the
    memory. Threads may share it.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._count = 0
        self._periods: dict[int, dict[int, bytes]] = {}
        self._ends = 0.0  # when the first period does
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are kept."""
        return self._count

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a use; return whether it is the first one. Times are Unix seconds.

        Raises FullError for another one where `most` are kept.
        """
        place, kept = int.from_bytes(digest[-2:], "big") % _PLACES, digest[:_SIZE]
        with self._lock:
            if self._ends <= now:
                self._forget(now)
            for places in self._periods.values():
                joined = places.get(place)
                if joined is not None and kept in joined and _has(joined, kept):
                    return False
            if self._count == self._most:
                raise FullError
            period = int(expires_at) // _PERIOD
            known = self._periods.get(period)
            if known is None:
                known = self._periods[period] = {}
                self._ends = (min(self._periods) + 1) * _PERIOD
            known[place] = known.get(place, b"") + kept
            self._count += 1
        return True

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._lock = threading.Lock()

    def _forget(self, now: float) -> None:
        for period in [each for each in self._periods if (each + 1) * _PERIOD <= now]:
            gone = self._periods.pop(period)
            self._count -= sum(map(len, gone.values())) // _SIZE
        self._ends = (min(self._periods, default=-1) + 1) * _PERIOD


def _has(joined: bytes, digest: bytes) -> bool:
    at = joined.find(digest)
    while at >= 0 and at % _SIZE:
        at = joined.find(digest, at + 1)
    return at >= 0
