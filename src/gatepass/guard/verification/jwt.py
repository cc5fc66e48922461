"""JWTs, verified with the issuer's keys: fetched when due, and nothing verified twice."""

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import partial
from threading import Lock

from gatepass.concurrency.single_flight import SingleFlight
from gatepass.guard.issuer import discovery
from gatepass.guard.issuer.client import IssuerClient
from gatepass.guard.jwt.access_token import verify_with
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.status import Counters, KeysStatus
from gatepass.guard.verification.introspection_request import unavailable
from gatepass.guard.verification.jwks_cache import Fetch, JwksCache, KeyLookup, Policy
from gatepass.guard.verification.jwt_cache import Entry, JwtCache
from gatepass.guard.verification.waiting import Step, Wait
from gatepass.jose import jws
from gatepass.jose.jwks import Key
from gatepass.wire.bearer import invalid_token
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_LOG = logging.getLogger("gatepass.guard")


class JwtVerifier:
    """Verifies JWTs of one issuer; keeps its keys and the latest verifications."""

    def __init__(
        self,
        outside: IssuerClient,
        flights: SingleFlight,
        expect: Expectation,
        policy: Policy,
        *,
        timeout: float,
        clock: Callable[[], float],
        tally: Counters,
    ) -> None:
        self._outside = outside
        self._flights = flights
        self._expect = expect
        self._timeout = timeout
        self._clock = clock
        self._tally = tally
        self._lock = Lock()
        self._ring = JwksCache(policy)  # replaced as a whole, so that it is read without the lock
        self.verified = JwtCache()

    def recall(self, cached_key: bytes, now: float) -> Entry | None:
        """Give a verification from before, if it is still good and nothing has to be fetched."""
        entry = self.verified.entries.get(cached_key)
        if entry is None or not entry.since <= now < entry.until:
            return None
        ring = self._ring
        return entry if ring.is_young(now) and ring.proves(entry.key) else None

    def learn(self, text: str, cached_key: bytes, now: float) -> Entry | None:
        """Verify a token, which came in the header with `cached_key`, with the keys at hand.

        None where keys have to be fetched first. Raises OAuthError (`invalid_token`).
        """
        said = jws.read_header(text)
        key, fetch = self._ring.look(said.kid, now, said.alg)
        if key is None or fetch is not Fetch.NO:
            return None
        return self._verify(text, said, key, cached_key, now)

    def judge(self, token: Secret, cached_key: bytes | None) -> Generator[Step, object, Entry]:
        """Verify `token`, which came in the header with `cached_key`; raise OAuthError.

        Fetches keys where they are due, and for an unknown one. `temporarily_unavailable` where
        no key counts and none can be had.
        """
        said = jws.read_header(token.value)
        look, flight = self._look(said)
        # A second time for a key that was published while the fetch was under way.
        for _ in range(2):
            if flight is None or look.fetch is not Fetch.FIRST:
                break
            yield Wait(flight, self._timeout)
            look = self._ring.look(said.kid, self._clock(), said.alg)
            if look.key is not None or not flight.done():
                break
            look, flight = self._look(said)
        now = self._clock()
        if look.key is None:
            raise self._without_key(now)
        return self._verify(token.value, said, look.key, cached_key, now)

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

    def _look(self, said: jws.Header) -> tuple[KeyLookup, "Future[None] | None"]:
        """Look for a key, and give the fetch that is begun or under way where one is due.

        One lock over both: keys are taken before their flight has landed, so whoever does not
        find the one joins the other.
        """
        with self._lock:
            look = self._ring.look(said.kid, self._clock(), said.alg)
            if look.fetch is Fetch.NO:
                return look, None
            return look, self._flights.join("keys", partial(self._fetch, said.kid))

    def _without_key(self, now: float) -> OAuthError:
        """Give the refusal for a token whose key is not known, by whether it could be."""
        ring = self._ring
        if ring.is_failing or not ring.counts(now):
            return unavailable(f"no keys to verify with: {ring.error or 'not fetched in time'}")
        return invalid_token("signed with an unknown key")

    def _verify(
        self, text: str, said: jws.Header, key: Key, cached_key: bytes | None, now: float
    ) -> Entry:
        known = None if cached_key is None else self.verified.entries.get(cached_key)
        if known is not None and known.key is key and known.since <= now < known.until:
            return known
        caller = verify_with(text, said, key, self._expect, now)
        names, leeway = frozenset(caller.scope.names), self._expect.leeway
        entry = Entry(caller, names, said.kid, key, now, (caller.expires_at or now) + leeway)
        if cached_key is not None:
            self.verified.put(cached_key, entry)
        return entry

    def _fetch(self, kid: str) -> None:
        """Fetch the keys, in a thread of the flights; whoever waits looks at the ring again."""
        with self._lock:
            self._ring = self._ring.fetching(kid, self._clock())
        self._tally.key_fetches += 1
        try:
            found = self._outside.run(discovery.keys(self._outside.jwks_uri()))
        except Exception as error:  # noqa: BLE001 - whatever keeps the keys away, they are away
            self._fail(error)
            return
        with self._lock:
            self._ring = self._ring.fetched(found.keys, found.max_age)
        for reason in found.keys.skipped:
            _LOG.info("the key set: %s", reason)

    def _fail(self, error: Exception) -> None:
        why = str(error) if isinstance(error, discovery.DiscoveryError) else type(error).__name__
        self._tally.key_failures += 1
        self._outside.forget()
        with self._lock:
            self._ring = self._ring.failed(why)
        _LOG.warning("the issuer's keys cannot be fetched: %s", why)
