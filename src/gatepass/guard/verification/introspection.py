"""Introspects tokens at the authorization server; requests with the same token share one call."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TypeAlias

from gatepass.concurrency.single_flight import SingleFlight
from gatepass.guard.issuer.client import IssuerClient
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.issuer.discovery import DiscoveryError
from gatepass.guard.model.claim_names import OURS, ClaimNames
from gatepass.guard.model.status import Counters
from gatepass.guard.verification.introspection_request import (
    CACHE_SECONDS,
    IntrospectionCache,
    introspect,
    unavailable,
)
from gatepass.guard.verification.waiting import Step, Wait
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

TIMEOUT = 5.0  # seconds

_LOG = logging.getLogger("gatepass.guard")

Answer: TypeAlias = Mapping[str, object]


class IntrospectionClient:
    """Introspection (RFC 7662) for any number of threads and event loops.

    A response, also "not active", is cached for `cache_seconds` after its request was sent and
    never beyond the token's expiry: for that long, and the time of one exchange, a revocation may
    go unnoticed. 0 caches nothing. `timeout` is in seconds.
    """

    def __init__(  # noqa: PLR0913 - each is one part
        self,
        issuer: IssuerClient,
        single_flight: SingleFlight,
        credentials: Credentials,
        *,
        counters: Counters,
        cache_seconds: float = CACHE_SECONDS,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
        names: ClaimNames = OURS,
    ) -> None:
        self._issuer = issuer
        self._single_flight = single_flight
        self._credentials = credentials
        self._counters = counters
        self._cache = IntrospectionCache(cache_seconds)
        self._timeout = timeout
        self._clock = clock
        self._names = names
        self._lock = threading.Lock()
        self.error = ""  # why the latest request had no response

    def __len__(self) -> int:
        """Return the number of cached responses, stale ones included."""
        return len(self._cache)

    def introspect(self, token: Secret) -> Generator[Step, object, Answer]:
        """Return the response for `token`; raise OAuthError (`temporarily_unavailable`) for none.

        Does NOT check what the response says (see Principal).
        """
        found = self._find_or_send(token)
        if not isinstance(found, Future):
            return found
        answer = yield Wait(found, self._timeout)
        if not isinstance(answer, Mapping):
            raise unavailable("no introspection answer")
        return answer

    def get_cached(self, token: Secret, now: float) -> Answer | None:
        """Return the cached response for `token`, or None; sends nothing."""
        with self._lock:
            return self._cache.get(token.digest(), now)

    def after_fork(self) -> None:
        """Replace the locks, which a thread of the parent process may have held."""
        self._lock = threading.Lock()
        self._cache.after_fork()

    def _find_or_send(self, token: Secret) -> "Answer | Future[Answer | None]":
        digest = token.digest()
        give_up_at = time.monotonic() + self._timeout
        # One lock over both: a response is cached before its request is over, so a caller that
        # does not find the one joins the other.
        with self._lock:
            known = self._cache.get(digest, self._clock())
            if known is not None:
                return known
            send = partial(self._send, token, digest, give_up_at)
            return self._single_flight.join(digest, send)

    def _send(self, token: Secret, digest: bytes, give_up_at: float) -> Answer | None:
        """Introspect and cache; None without a response, which is logged once."""
        sent_at = self._clock()
        if time.monotonic() >= give_up_at:  # no caller waits any longer
            return None
        self._counters.introspected += 1
        try:
            url = self._issuer.introspection()
            answer = self._issuer.run(introspect(token, url, self._credentials, self._names))
        except Exception as error:  # noqa: BLE001 - any failure means no response
            self.error = _why(error)
            _LOG.warning("%s", self.error)
            self._issuer.forget()
            return None
        self.error = ""
        with self._lock:
            self._cache.put(digest, answer, sent_at)
        return answer


def _why(error: Exception) -> str:
    """Return the reason for the log, which never quotes what others sent."""
    if isinstance(error, OAuthError):
        return error.log_detail
    if isinstance(error, DiscoveryError):
        return str(error)
    return f"the introspection request cannot be sent: {type(error).__name__}"
