"""Asks the authorization server about tokens, once for all who wait for the same one."""

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
    REMEMBER,
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

    An answer, also "not active", is remembered for `remember` seconds after it was asked for and
    never beyond the token's expiry: so long at most, and for the time of one exchange, does a
    revocation go unnoticed; 0 asks every time.
    """

    def __init__(  # noqa: PLR0913 - each is one part
        self,
        outside: IssuerClient,
        flights: SingleFlight,
        credentials: Credentials,
        *,
        tally: Counters,
        remember: float = REMEMBER,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
        names: ClaimNames = OURS,
    ) -> None:
        self._outside = outside
        self._flights = flights
        self._credentials = credentials
        self._tally = tally
        self._memory = IntrospectionCache(remember)
        self._timeout = timeout
        self._clock = clock
        self._names = names
        self._lock = threading.Lock()
        self.error = ""  # why the latest question had no answer

    def __len__(self) -> int:
        """Tell how many answers are kept, stale ones included."""
        return len(self._memory)

    def judge(self, token: Secret) -> Generator[Step, object, Answer]:
        """Give the answer for `token`; raise OAuthError (`temporarily_unavailable`) without one.

        Does NOT check what the answer says (see Principal).
        """
        found = self._recall_or_ask(token)
        if not isinstance(found, Future):
            return found
        answer = yield Wait(found, self._timeout)
        if not isinstance(answer, Mapping):
            raise unavailable("no introspection answer")
        return answer

    def recall(self, token: Secret, now: float) -> Answer | None:
        """Give the answer that is remembered for `token`, None where there is none; asks nobody."""
        with self._lock:
            return self._memory.get(token.digest(), now)

    def after_fork(self) -> None:
        """Begin with a lock that nobody holds."""
        self._lock = threading.Lock()

    def _recall_or_ask(self, token: Secret) -> "Answer | Future[Answer | None]":
        digest = token.digest()
        give_up = time.monotonic() + self._timeout
        # One lock over both: an answer is remembered before its flight has landed, so whoever
        # does not find the one joins the other.
        with self._lock:
            known = self._memory.get(digest, self._clock())
            if known is not None:
                return known
            return self._flights.join(digest, partial(self._ask, token, digest, give_up))

    def _ask(self, token: Secret, digest: bytes, give_up: float) -> Answer | None:
        """Ask and remember; None where there is no answer, which is told to the log once."""
        asked_at = self._clock()
        if time.monotonic() >= give_up:  # nobody waits any longer
            return None
        self._tally.introspected += 1
        try:
            url = self._outside.introspection()
            answer = self._outside.run(introspect(token, url, self._credentials, self._names))
        except Exception as error:  # noqa: BLE001 - whatever keeps the answer away, it is away
            self.error = _why(error)
            _LOG.warning("%s", self.error)
            self._outside.forget()
            return None
        self.error = ""
        with self._lock:
            self._memory.put(digest, answer, asked_at)
        return answer


def _why(error: Exception) -> str:
    """Give the reason for the log, which never quotes what others sent."""
    if isinstance(error, OAuthError):
        return error.log_detail
    if isinstance(error, DiscoveryError):
        return str(error)
    return f"no question can be sent: {type(error).__name__}"
