"""Keys that an application publishes at its own address (`jwks_uri`), fetched within limits.

An administrator of a partner chooses the address. It is checked where the connection is made, as
those of OpenID providers are; a slow one holds up a thread of this pool, and no other request. The
more often it fails, the more seldom it is asked, so that many slow ones do not take all threads.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
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
from gatepass.wire.errors import OAuthError

if TYPE_CHECKING:
    from gatepass.server.environment.openid_provider.network import Network, Response

SIZE = 2_000  # sets of keys
FRESH = 3600.0  # seconds; then it is fetched again, before the next assertion is verified
_USABLE = 24 * 3600.0  # seconds that a set is used for while its address does not answer
PAUSE = 60.0  # seconds between two fetches of one address, whatever comes of them
LONGEST_PAUSE = 10 * PAUSE  # where it has failed several times
_THREADS = 16  # they wait for others' servers, each for the seconds of the settings at most
_QUEUE = 64

Get = Callable[[str], "Response"]

log = structlog.get_logger("gatepass.server")


class _Fetched(NamedTuple):
    keys: tuple[CachedKey, ...]
    at: float  # monotonic, when the keys were read; 0.0: never
    tried_at: float  # monotonic, when they were last asked for
    failures: int = 0  # since they were read

    @property
    def pause(self) -> float:
        """Return the seconds until they may be asked for again."""
        return min(PAUSE * 2.0 ** min(max(self.failures - 1, 0), 10), LONGEST_PAUSE)

    def has(self, kid: str) -> bool:
        """Return whether a key has this name, or there is any for an assertion without one."""
        return any(not kid or each.key.kid == kid for each in self.keys)


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
        self._lock = threading.Lock()
        self._running: dict[str, Future[None]] = {}

    def keys(self, uri: str) -> tuple[CachedKey, ...]:
        """Return the keys of an address as they were last fetched; none if that is too long ago."""
        kept = self._kept.get(uri)
        if kept is None or self._clock() - kept.at > _USABLE:
            return ()
        return kept.keys

    def pending(self, uri: str, kid: str) -> NeedsThread | None:
        """Return the work of fetching, where an assertion needs it: None if it needs none.

        Keys that are old, or have no `kid` of this name, are fetched again, but not more often
        than once in `PAUSE`. Who needs a key while its address is asked waits for the same answer.
        """
        kept = self._kept.get(uri)
        now, is_known = self._clock(), kept is not None and kept.has(kid)
        if kept is not None:
            is_enough = is_known and now - kept.at < (_USABLE if uri in self._running else FRESH)
            is_too_early = now - kept.tried_at < kept.pause and uri not in self._running
            if is_enough or is_too_early:
                return None
        join = partial(self.join, uri)
        return NeedsThread(partial(self.fetch, uri), together=join, is_remote=True)

    def fetch(self, uri: str) -> None:
        """Fetch the keys of an address, or wait until that is done; blocks.

        What fails is logged, and the old keys stay. Raises OAuthError (503) where too many wait.
        """
        self._start(uri).result()

    def join(self, uri: str) -> "asyncio.Future[None]":
        """Return a future that is done when the keys of an address were fetched, as by `fetch`."""
        try:
            # A request that ends must not end what others wait for.
            return asyncio.shield(asyncio.wrap_future(self._start(uri)))
        except OAuthError as error:
            refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused

    def _start(self, uri: str) -> "Future[None]":
        """Return the fetch of an address that runs; start one if there is none."""
        with self._lock:
            running = self._running.get(uri)
            if running is None:
                running = self._running[uri] = self.pool.submit(self._fetch, uri)
            return running

    def _fetch(self, uri: str) -> None:
        try:
            now, kept = self._clock(), self._kept.get(uri)
            if kept is not None and now - kept.tried_at < kept.pause:
                return  # another request has fetched it
            before = kept or _Fetched((), -_USABLE - 1, now)
            try:
                keys = self._read(uri)
            except (ValueError, UnusableKeyError, _fetch_errors()) as error:
                failed = before._replace(tried_at=self._clock(), failures=before.failures + 1)
                self._kept.put(uri, failed)
                log.warning("key_set.failed", environment=self._name, uri=uri, error=str(error))
                return
            self._kept.put(uri, _Fetched(keys, self._clock(), self._clock()))
        finally:
            with self._lock:
                del self._running[uri]

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
