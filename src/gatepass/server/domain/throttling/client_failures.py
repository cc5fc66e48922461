"""A limit on failed client authentication, in memory (RFC 6749 §2.3.1).

Counted per client id and source, whether the client exists or not. A right secret always
passes: it has 256 random bits, so the limit protects the server from noise, not the secret
from guessing, and nobody can use it to lock a partner out.
"""

import threading
from hashlib import sha256

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.server.domain.throttling.model import network_of
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

MOST_FAILURES = 30  # in WINDOW, of one client id from one source
WINDOW = 60.0  # seconds
_MOST_KEPT = 10_000


class AttemptLimit:
    """Counts failed attempts and refuses with 429 beyond the limit."""

    def __init__(self, most: int = MOST_FAILURES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._counts: BoundedCache[bytes, tuple[float, int, bytes]] = BoundedCache(_MOST_KEPT)

    def record(self, client_id: str, source: str, secret: Secret | None, now: float) -> None:
        """Count a failure; raise OAuthError (429) where there were too many.

        The same wrong secret twice in a row counts once: some clients repeat a refused
        request with the credentials in another place.
        """
        attempt = secret.digest() if secret else b""
        since, count = self.count(client_id, source, attempt, now)
        if count > self._most:
            raise _spent(since, now)

    def check(self, client_id: str, source: str, now: float) -> None:
        """Raise OAuthError (429) where one more failure would be too many; counts nothing."""
        with self._lock:
            since, count, _ = self._counts.get(_key(client_id, source)) or (now, 0, b"")
        if count >= self._most and now - since < WINDOW:
            raise _spent(since, now)

    def count(self, client_id: str, source: str, attempt: bytes, now: float) -> tuple[float, int]:
        """Count a failure; give since when how many there were."""
        key = _key(client_id, source)
        with self._lock:
            since, count, last = self._counts.get(key) or (now, 0, b"-")
            if now - since >= WINDOW:
                since, count = now, 0
            count += attempt != last
            self._counts.put(key, (since, count, attempt))
        return since, count


def _key(client_id: str, source: str) -> bytes:
    return sha256(f"{client_id}\n{network_of(source)}".encode()).digest()


def _spent(since: float, now: float) -> OAuthError:
    return OAuthError(
        "temporarily_unavailable",
        "Too many failed attempts. Wait, then try again with the right credentials.",
        log_detail="too many failures",
        reason="too_many_failures",
        status=429,
        retry_after=max(1, round(since + WINDOW - now)),
    )
