"""The assertions that this process accepted, in little memory."""

import threading
from hashlib import sha256

_SIZE = 12  # bytes of a digest that are kept
_PERIOD = 60  # seconds of expiry that are kept, and forgotten, together
_PLACES = 512


def digest_of(client_id: str, jti: str) -> bytes:
    """Return what names an assertion: of the client and its `jti`, 128 bits."""
    return sha256(f"{len(client_id)}:{client_id}{jti}".encode()).digest()[:16]


class UsedAssertions:
    """Digests until their time; 200,000 take less than 60 bytes each.

    They are in one string of bytes for each place and minute, as objects take several times the
    memory. Threads may share it.
    """

    def __init__(self) -> None:
        self._periods: dict[int, dict[int, bytes]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are kept."""
        periods = list(self._periods.values())
        return sum(len(each) for places in periods for each in list(places.values())) // _SIZE

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a use; return whether it is the first one. Times are Unix seconds."""
        place, kept = int.from_bytes(digest[-2:]) % _PLACES, digest[:_SIZE]
        with self._lock:
            for period in [each for each in self._periods if (each + 1) * _PERIOD <= now]:
                del self._periods[period]
            if any(_has(places.get(place, b""), kept) for places in self._periods.values()):
                return False
            places = self._periods.setdefault(int(expires_at) // _PERIOD, {})
            places[place] = places.get(place, b"") + kept
        return True


def _has(joined: bytes, digest: bytes) -> bool:
    at = joined.find(digest)
    while at >= 0 and at % _SIZE:
        at = joined.find(digest, at + 1)
    return at >= 0
