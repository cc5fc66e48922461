"""Keys that an application publishes at its own address (`jwks_uri`), fetched within limits.

An administrator of a partner chooses the address. It is checked where the connection is made, as
those of OpenID providers are; a slow one holds up the threads of this pool, and no other request.
"""

import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import structlog

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.concurrency.bounded_pool import RETRY_AFTER, BoundedPool
from gatepass.jose.keys.errors import UnusableKeyError
from gatepass.jose.keys.public_key import LONGEST_DOCUMENT, read_key_set
from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
from gatepass.server.domain.applications.keys.cache import CachedKey
from gatepass.server.http import NeedsThread

if TYPE_CHECKING:
    from gatepass.server.environment.openid_provider.network import Network, Response

SIZE = 2_000  # sets of keys
FRESH = 3600.0  # seconds; then it is fetched again, before the next assertion is verified
_USABLE = 24 * 3600.0  # seconds that a set is used for while its address does not answer
PAUSE = 60.0  # seconds between two fetches of one address, whatever comes of them
_THREADS = 4  # they wait for others' servers, and hold up no other page
_QUEUE = 32

Get = Callable[[str], "Response"]

log = structlog.get_logger("gatepass.server")


class _Fetched(NamedTuple):
    keys: tuple[CachedKey, ...]
    at: float  # monotonic, when the keys were read; 0.0: never
    tried_at: float  # monotonic, when they were last asked for


class KeySets:
    """The published keys of applications, by their addresses; `get` fetches one."""

    def __init__(
        self,
        name: str,
        settings: SingleSignOnSettings,
        get: Get | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pool = BoundedPool(
            f"key sets {name}",
            _THREADS,
            _QUEUE,
            say=f"The service is busy. Try again in {RETRY_AFTER} seconds.",
            note=f"the queue for key sets {name} is full",
        )
        self._name = name
        self._settings = settings
        self._get = get
        self._clock = clock
        self._network: Network | None = None
        self._kept: BoundedCache[str, _Fetched] = BoundedCache(SIZE)

    def keys(self, uri: str) -> tuple[CachedKey, ...]:
        """Return the keys of an address as they were last fetched; none if that is too long ago."""
        kept = self._kept.get(uri)
        if kept is None or self._clock() - kept.at > _USABLE:
            return ()
        return kept.keys

    def pending(self, uri: str, kid: str) -> NeedsThread | None:
        """Return the work of fetching, where an assertion needs it: None if it needs none.

        Keys that are old, or have no `kid` of this name, are fetched again, but not more often
        than once in `PAUSE`.
        """
        kept = self._kept.get(uri)
        if kept is not None:
            now = self._clock()
            is_known = not kid or any(each.key.kid == kid for each in kept.keys)
            if (is_known and now - kept.at < FRESH) or now - kept.tried_at < PAUSE:
                return None
        return NeedsThread(partial(self.fetch, uri), self.pool)

    def fetch(self, uri: str) -> None:
        """Fetch the keys of an address; blocks. What fails is logged, and the old keys stay."""
        now, kept = self._clock(), self._kept.get(uri)
        if kept is not None and now - kept.tried_at < PAUSE:
            return  # another request has fetched it
        before = kept or _Fetched((), -_USABLE - 1, now)
        self._kept.put(uri, before._replace(tried_at=now))  # so that others do not fetch as well
        try:
            keys = self._read(uri)
        except (ValueError, UnusableKeyError, _fetch_errors()) as error:
            log.warning("key_set.failed", environment=self._name, uri=uri, error=str(error))
            return
        self._kept.put(uri, _Fetched(keys, self._clock(), self._clock()))

    def close(self) -> None:
        """End the threads."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, uri: str) -> tuple[CachedKey, ...]:
        answer = (self._get or self._own_network().get)(uri)
        if answer.status != 200:
            raise ValueError(f"it answered {answer.status}")
        if len(answer.body) > LONGEST_DOCUMENT:
            raise ValueError(f"it answered more than {LONGEST_DOCUMENT} bytes")
        return tuple(
            CachedKey(sha256(f"{uri}\n{key.thumbprint}".encode()).digest()[:16], key, key.kid, None)
            for key in read_key_set(answer.body)
        )

    def _own_network(self) -> "Network":
        if self._network is None:
            from gatepass.server.environment.openid_provider.network import Network

            self._network = Network(self._settings)
        return self._network


def _fetch_errors() -> type[Exception]:
    from gatepass.server.environment.openid_provider.errors import ProviderError

    return ProviderError
