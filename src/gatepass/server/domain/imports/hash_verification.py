"""What another system's hashes may cost: what was tried, who failed too often, what waits.

They are slow on purpose, so a stranger could make the server work for nothing. Hence: a wrong
secret is remembered and never hashed again, failures are counted per source network, a few
threads do the hashing, and only so much may wait for them.
"""

import os
import secrets
from collections.abc import Sequence
from hashlib import blake2b

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.concurrency.bounded_pool import BoundedPool
from gatepass.server.domain.imports import django_hashers
from gatepass.server.domain.throttling.client_failures import AttemptLimit
from gatepass.wire.secret import Secret

MOST_REMEMBERED = 20_000
# Hashing holds no other thread up, but takes a core; all partners come at once after a move.
THREADS = max(2, min(8, (os.cpu_count() or 2) - 1))
MOST_WAITING = 50 * THREADS  # of a third of a second each: what a client may wait for
MOST_WRONG = 60  # slow verifications that failed, a minute and source network


class HashingPool(BoundedPool):
    """Threads for slow work; beyond MOST_WAITING pieces a new one is OAuthError (503)."""

    def __init__(self, name: str) -> None:
        super().__init__(
            name,
            threads=THREADS,
            queue=MOST_WAITING - THREADS,
            say="The service is busy. Try again shortly.",
            note="too many legacy hashes wait to be verified",
        )


class LegacyHashes:
    """The legacy hashes of an environment: a sample, threads to verify them, wrong secrets.

    `sample` is one of the most common kind, None where none is left. Wrong secrets are kept as
    keyed digests, so that nothing of them can be read here.
    """

    def __init__(self, name: str) -> None:
        self.sample: str | None = None
        self.pool = HashingPool(f"old hashes {name}")
        self._key = secrets.token_bytes(32)
        self._wrong: BoundedCache[bytes, bool] = BoundedCache(MOST_REMEMBERED)
        self._attempts = AttemptLimit(MOST_WRONG)

    def know(self, some: Sequence[str]) -> None:
        """Choose the sample from the legacy hashes that are left, or some of them."""
        self.sample = django_hashers.most_common(some)

    def are_wrong(self, subject: str, readings: Sequence[Secret]) -> bool:
        """Return whether each reading of a secret was tried on `subject` and was wrong."""
        return all(self._digest(subject, secret) in self._wrong for secret in readings)

    def check(self, source: str, now: float) -> None:
        """Raise OAuthError (429) where this source has had too many slow verifications fail."""
        self._attempts.check("", source, now)

    def remember_wrong(
        self, subject: str, readings: Sequence[Secret], source: str, now: float
    ) -> None:
        """Remember a wrong secret in its readings; count it once against its source."""
        digests = [self._digest(subject, secret) for secret in readings]
        for digest in digests:
            self._wrong.put(digest, True)
        self._attempts.count("", source, digests[0], now)

    def close(self) -> None:
        """Let the threads go; what waits for them is given up."""
        self.pool.shutdown(wait=True, cancel_futures=True)

    def _digest(self, subject: str, secret: Secret) -> bytes:
        return blake2b(f"{subject}\n{secret.value}".encode(), key=self._key).digest()
