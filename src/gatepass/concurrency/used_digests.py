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
        self._periods: dict[int, dict[int, bytes]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are kept."""
        periods = list(self._periods.values())
        return sum(len(each) for places in periods for each in list(places.values())) // _SIZE

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a use; return whether it is the first one. Times are Unix seconds.

        Raises FullError for another one where `most` are kept.
        """
        place, kept = int.from_bytes(digest[-2:], "big") % _PLACES, digest[:_SIZE]
        with self._lock:
            for period in [each for each in self._periods if (each + 1) * _PERIOD <= now]:
                del self._periods[period]
            if any(_has(places.get(place, b""), kept) for places in self._periods.values()):
                return False
            if self._most is not None and self._is_full(place):
                raise FullError
            places = self._periods.setdefault(int(expires_at) // _PERIOD, {})
            places[place] = places.get(place, b"") + kept
        return True

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._lock = threading.Lock()

    def _is_full(self, place: int) -> bool:
        """Return whether a place has its share of `most`; digests are spread evenly over places."""
        held = sum(len(places.get(place, b"")) for places in self._periods.values())
        return held // _SIZE >= max(1, (self._most or 0) // _PLACES)


def _has(joined: bytes, digest: bytes) -> bool:
    at = joined.find(digest)
    while at >= 0 and at % _SIZE:
        at = joined.find(digest, at + 1)
    return at >= 0
