"""The assertions that were used, in little memory."""

import math
import threading
from hashlib import sha256

from gatepass.server.domain.applications.keys.used.store import DIGEST as _SIZE

_PERIOD = 60  # seconds of expiry that are kept, and forgotten, together
_PLACES = 512


def digest_of(client_id: str, jti: str) -> bytes:
    """Return what names an assertion: of the client and its `jti`, 96 bits."""
    return sha256(f"{len(client_id)}:{client_id}{jti}".encode()).digest()[:_SIZE]


class UsedAssertions:
    """Digests until their time; 200,000 take less than 60 bytes each.

    They are in one string of bytes for each place and minute, as objects take several times the
    memory. Threads may share it.
    """

    def __init__(self) -> None:
        self._periods: dict[int, dict[int, bytes]] = {}
        self._forget_at = math.inf
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many are kept."""
        periods = list(self._periods.values())
        return sum(len(each) for places in periods for each in list(places.values())) // _SIZE

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a use; return whether it is the first one. Times are Unix seconds."""
        place = (digest[-2] << 8 | digest[-1]) % _PLACES
        with self._lock:
            if now >= self._forget_at:
                self._forget(now)
            for places in self._periods.values():
                if digest in (joined := places.get(place, b"")) and _has(joined, digest):
                    return False
            period = int(expires_at) // _PERIOD
            places = self._periods.get(period) or self._begin(period)
            places[place] = places.get(place, b"") + digest
        return True

    def _begin(self, period: int) -> dict[int, bytes]:
        self._forget_at = min(self._forget_at, (period + 1) * _PERIOD)
        return self._periods.setdefault(period, {})

    def _forget(self, now: float) -> None:
        for period in [each for each in self._periods if (each + 1) * _PERIOD <= now]:
            del self._periods[period]
        self._forget_at = min(((each + 1) * _PERIOD for each in self._periods), default=math.inf)


def _has(joined: bytes, digest: bytes) -> bool:
    at = joined.find(digest)
    while at >= 0 and at % _SIZE:
        at = joined.find(digest, at + 1)
    return at >= 0
