"""Where used DPoP proofs are remembered (RFC 9449 §11.1): in the process, or in Redis."""

import logging
import time
from collections.abc import Awaitable, Callable
from math import ceil, inf
from typing import Any, Protocol

from gatepass.concurrency.used_digests import FullError, UsedDigests
from gatepass.guard.verification.introspection_request import unavailable

MOST = 1_000_000  # proofs that a process remembers, of 15 bytes each
_CLOCKS_DIFFER = 60  # seconds that the clocks of two machines of an API may differ
_PAUSE = 1.0  # seconds after a failure of Redis in which it is not asked
_LOG = logging.getLogger("gatepass.guard")


class Replays(Protocol):
    """A memory of used proofs, which several processes may share."""

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a proof by its digest; return whether this is its first use. May block.

        Times are Unix seconds; nothing need be remembered after `expires_at`. Raises OAuthError
        (`temporarily_unavailable`) if it cannot know.
        """


class ProcessReplays:
    """Remembers the proofs that this process accepted; a proof passes once in each process.

    With `most` remembered, further proofs are refused (503) until the oldest expire.
    """

    def __init__(self, most: int = MOST) -> None:
        self._used = UsedDigests(most)

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._used)

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a proof; see `Replays`. Never blocks."""
        try:
            return self._used.add(digest, expires_at, now)
        except FullError:
            raise unavailable("the memory of used DPoP proofs is full") from None

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._used.after_fork()


class RedisReplays:
    """Remembers proofs in Redis, for all processes and machines of an API.

    `client` is a `redis.Redis`, or any object with its method `set`; give it a timeout. Its keys
    begin with `prefix` and expire a minute after the proofs. If Redis fails, each process has its
    own memory, Redis is asked again a second later, so that an outage does not hold up each
    request, and the log has a warning; with `strict`, requests are refused (503) instead.
    `monotonic` is a clock, in seconds.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - of a package that need not be there
        prefix: str = "gatepass:dpop:",
        *,
        strict: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._strict = strict
        self._monotonic = monotonic
        self._asked_again_at = -inf  # after a failure
        self._process = ProcessReplays()

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a proof; see `Replays`."""
        if not self._process.add(digest, expires_at, now):
            return False
        if self._monotonic() < self._asked_again_at:
            return True
        # A machine whose clock is behind accepts the proof for so much longer.
        seconds = max(1, ceil(expires_at - now)) + _CLOCKS_DIFFER
        try:
            is_new = self._client.set(self._prefix + digest.hex(), b"", nx=True, ex=seconds)
        except Exception as error:  # noqa: BLE001 - whatever a client raises
            _LOG.warning("used DPoP proofs cannot be noted in Redis: %s", type(error).__name__)
            if self._strict:
                raise unavailable("used DPoP proofs cannot be noted in Redis") from None
            self._asked_again_at = self._monotonic() + _PAUSE
            return True
        if isinstance(is_new, Awaitable):
            is_new.close()  # type: ignore[attr-defined] # a coroutine, never begun
            raise TypeError("RedisReplays needs a redis.Redis, not one of redis.asyncio")
        return bool(is_new)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._process.after_fork()
