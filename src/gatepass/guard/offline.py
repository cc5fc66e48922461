"""JWTs, verified with the issuer's keys: fetched when due, and nothing verified twice."""

import logging
from collections.abc import Callable, Generator
from threading import Lock

from gatepass.guard import issuer, jws
from gatepass.guard.access_token import verify
from gatepass.guard.claims import invalid
from gatepass.guard.expectation import Expectation
from gatepass.guard.flights import Flights
from gatepass.guard.keyring import Fetch, Keyring, Policy
from gatepass.guard.lookup import unavailable
from gatepass.guard.outside import Outside
from gatepass.guard.principal import LEEWAY
from gatepass.guard.steps import Step, Wait
from gatepass.guard.told import KeysStatus, Tally
from gatepass.guard.verified import Entry, Verified
from gatepass.wire.secret import Secret

_LOG = logging.getLogger("gatepass.guard")


class Offline:
    """Verifies JWTs of one issuer; keeps its keys and the latest verifications."""

    def __init__(
        self,
        outside: Outside,
        flights: Flights,
        expect: Expectation,
        policy: Policy,
        *,
        timeout: float,
        clock: Callable[[], float],
        tally: Tally,
    ) -> None:
        self._outside = outside
        self._flights = flights
        self._expect = expect
        self._timeout = timeout
        self._clock = clock
        self._tally = tally
        self._lock = Lock()
        self._ring = Keyring(policy)  # replaced as a whole, so that it is read without the lock
        self.verified = Verified()

    def recall(self, mark: bytes, now: float) -> Entry | None:
        """Give a verification from before, if it is still good and nothing has to be fetched."""
        entry = self.verified.entries.get(mark)
        if entry is None or not entry.since <= now < entry.until:
            return None
        look = self._ring.look(entry.kid, now)
        return entry if look.key is entry.key and look.fetch is Fetch.NO else None

    def judge(self, token: Secret, mark: bytes | None) -> Generator[Step, object, Entry]:
        """Verify `token`, which came in the header of `mark`; raise Refused.

        Fetches keys where they are due, and for an unknown one. `temporarily_unavailable` where
        no key counts and none can be had.
        """
        kid = jws.kid(token.value)
        look = self._ring.look(kid, self._clock())
        if look.fetch is not Fetch.NO:
            flight = self._flights.join("keys", lambda: self._fetch(kid))
            if look.fetch is Fetch.FIRST:
                yield Wait(flight, self._timeout)
                look = self._ring.look(kid, self._clock())
        ring, now = self._ring, self._clock()
        if not ring.counts(now) or (look.key is None and ring.is_failing):
            raise unavailable(f"no keys to verify with: {ring.error or 'not fetched in time'}")
        if look.key is None or ring.keys is None:
            raise invalid("signed with an unknown key")
        entry = mark and self.recall(mark, now)
        if entry:
            return entry
        principal = verify(token.value, ring.keys, self._expect, now)
        entry = Entry(
            principal=principal,
            scopes=frozenset(principal.scope.names),
            kid=kid,
            key=look.key,
            since=now,
            until=principal.expires_at + LEEWAY,
        )
        if mark is not None:
            self.verified.put(mark, entry)
        return entry

    def status(self, now: float) -> KeysStatus:
        """Tell how the keys are."""
        ring = self._ring
        if ring.keys is None:
            return KeysStatus((), None, is_fresh=False, error=ring.error)
        names = tuple(ring.keys.keys)
        return KeysStatus(names, now - ring.asked_at, ring.is_fresh(now), ring.error)

    def counts(self, now: float) -> bool:
        """Tell whether the keys may be used; before the first fetch nothing speaks against it."""
        ring = self._ring
        return ring.counts(now) or (ring.keys is None and not ring.is_failing)

    def after_fork(self) -> None:
        """Forget the fetch that runs in the process that this one was forked from."""
        self._lock = Lock()
        self._ring = self._ring.grounded()
        self.verified.after_fork()

    def _fetch(self, kid: str) -> None:
        """Fetch the keys, in a thread of the flights; whoever waits looks at the ring again."""
        with self._lock:
            now = self._clock()
            if self._ring.look(kid, now).fetch is Fetch.NO:  # another flight has just landed
                return
            self._ring = self._ring.fetching(kid, now)
        self._tally.key_fetches += 1
        try:
            found = self._outside.run(issuer.keys(self._outside.jwks_uri()))
        except Exception as error:  # noqa: BLE001 - whatever keeps the keys away, they are away
            self._fail(error)
            return
        with self._lock:
            self._ring = self._ring.fetched(found.keys, found.max_age)
        for reason in found.keys.passed_over:
            _LOG.info("the key set: %s", reason)

    def _fail(self, error: Exception) -> None:
        why = str(error) if isinstance(error, issuer.NotTold) else type(error).__name__
        self._tally.key_failures += 1
        self._outside.forget()
        with self._lock:
            self._ring = self._ring.failed(why)
        _LOG.warning("the issuer's keys cannot be fetched: %s", why)
