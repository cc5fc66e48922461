"""Asks the authorization server about tokens, once for all who wait for the same one."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from gatepass.guard.credentials import Credentials
from gatepass.guard.lookup import REMEMBER, Memory, endpoint, introspect, unavailable
from gatepass.guard.over_httpx2 import Sender
from gatepass.wire.flow import run
from gatepass.wire.problem import Refused
from gatepass.wire.secret import Secret

TIMEOUT = 5.0  # seconds

_LOG = logging.getLogger("gatepass.guard")
_AT_A_TIME = 16


class Introspector:
    """Introspection (RFC 7662) for any number of threads and event loops.

    Its requests run in threads of its own, so that no event loop waits for a socket and the
    pool of connections belongs to none. An answer, also "not active", is remembered for
    `remember` seconds after it was asked for and never beyond the token's expiry: so long at
    most, and for the time of one exchange, does a revocation go unnoticed; 0 asks every time.
    """

    def __init__(
        self,
        issuer: str,
        credentials: Credentials,
        *,
        remember: float = REMEMBER,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = endpoint(issuer)
        self._credentials = credentials
        self._memory = Memory(remember)
        self._timeout = timeout
        self._clock = clock
        self._sender = Sender(timeout)
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="gatepass-guard")
        self._lock = threading.Lock()
        self._flights: dict[bytes, Future[Mapping[str, object] | None]] = {}

    async def introspect(self, token: Secret) -> Mapping[str, object]:
        """Give the answer for `token`; raise Refused (`temporarily_unavailable`) without one.

        Does NOT check what the answer says (see Principal).
        """
        found = self._recall_or_ask(token)
        if not isinstance(found, Future):
            return found
        # `wait` and not `wait_for`: who gives up must not cancel the question of the others.
        done, _ = await asyncio.wait([asyncio.wrap_future(found)], timeout=self._timeout)
        answer = found.result() if done else None
        if answer is None:
            raise unavailable("no introspection answer")
        return answer

    def close(self) -> None:
        """Wait for the questions under way and close the connections."""
        self._threads.shutdown()
        self._sender.close()

    def _recall_or_ask(
        self, token: Secret
    ) -> Mapping[str, object] | Future[Mapping[str, object] | None]:
        digest = token.digest()
        with self._lock:
            known = self._memory.get(digest, self._clock())
            if known is not None:
                return known
            flight = self._flights.get(digest)
            if flight is None:
                give_up = time.monotonic() + self._timeout
                flight = self._threads.submit(self._ask, token, digest, give_up)
                self._flights[digest] = flight
            return flight

    def _ask(self, token: Secret, digest: bytes, give_up: float) -> Mapping[str, object] | None:
        """Ask and remember; None where there is no answer, which is told to the log once."""
        asked_at = self._clock()
        answer = None
        try:
            if time.monotonic() < give_up:  # else nobody waits any longer
                answer = run(introspect(token, self._url, self._credentials), self._sender.send)
        except Refused as refused:
            _LOG.warning("%s", refused.note)
        finally:
            with self._lock:
                if answer is not None:
                    self._memory.put(digest, answer, asked_at)
                del self._flights[digest]
        return answer
