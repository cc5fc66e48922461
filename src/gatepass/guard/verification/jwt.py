"""Verifies JWTs with the issuer's keys, which it fetches when due, and caches the results."""

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
from gatepass.guard.verification.binding import Binding
from gatepass.guard.verification.introspection_request import unavailable
from gatepass.guard.verification.jwks_cache import Fetch, JwksCache, KeyLookup, Policy
from gatepass.guard.verification.jwt_cache import SIZE, JwtCache, VerifiedToken
from gatepass.guard.verification.waiting import Step, Wait
from gatepass.jose import jws
from gatepass.jose.jwks import Key
from gatepass.wire.bearer import Sent, invalid_token
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_LOG = logging.getLogger("gatepass.guard")
_SCHEMES = {"Bearer ": False, "DPoP ": True}  # whether a token is to be bound to a key


class JwtVerifier:
    """Verifies JWTs of one issuer; keeps its keys and the latest verifications.

    `timeout` is in seconds, for the fetch of keys that a request waits for.
    """

    def __init__(  # noqa: PLR0913 - each is one part
        self,
        issuer: IssuerClient,
        single_flight: SingleFlight,
        expect: Expectation,
        policy: Policy,
        *,
        timeout: float,
        clock: Callable[[], float],
        counters: Counters,
        binding: Binding,
    ) -> None:
        self._issuer = issuer
        self._single_flight = single_flight
        self._expect = expect
        self._timeout = timeout
        self._clock = clock
        self._counters = counters
        self._binding = binding
        self._lock = Lock()
        self._jwks = JwksCache(policy)  # replaced as a whole, so that it is read without the lock
        self.cache: JwtCache = JwtCache(SIZE)

    def get_cached(self, name: bytes, now: float) -> VerifiedToken | None:
        """Return the verification cached under `name`; None if anything is to be done first."""
        found = self.cache.get(name)
        if found is None or not found.since <= now < found.until:
            return None
        jwks = self._jwks
        if found.jwks is jwks:
            return found if jwks.fetched_at <= now < jwks.refresh_at else None
        if not jwks.is_current(found.key, now):
            return None
        return self.cache.put(name, found._replace(jwks=jwks))

    def verify_now(self, header: str, name: bytes, now: float) -> VerifiedToken | None:
        """Verify a token, in a header as nearly all callers write it, with the keys at hand.

        The result is cached under `name`. None for any other header, and if keys must be fetched
        first. Raises OAuthError (`invalid_token`).
        """
        scheme, space, token = header.partition(" ")
        is_dpop = _SCHEMES.get(scheme + space)
        if is_dpop is None or header.count(".") != 2 or "," in header:
            return None
        if token != token.strip(" \t"):
            return None
        jose = jws.read_header(token)
        key, fetch = self._jwks.find_key(jose.kid, now, jose.alg)
        if key is None or fetch is not Fetch.NO:
            return None
        return self._verify(Sent(Secret(token), is_dpop), jose, key, name, now)

    def verify(self, sent: Sent, name: bytes | None) -> Generator[Step, object, VerifiedToken]:
        """Verify a token and cache the result under `name`; raise OAuthError.

        Fetches the keys if they are due, and for an unknown one: `temporarily_unavailable` if no
        key is usable and none can be fetched.
        """
        jose = jws.read_header(sent.token.value)
        found, future = self._find_key(jose)
        # A second time for a key that was published while the fetch was in flight.
        for _ in range(2):
            if future is None or found.fetch is not Fetch.BEFORE_USE:
                break
            yield Wait(future, self._timeout)
            found = self._jwks.find_key(jose.kid, self._clock(), jose.alg)
            if found.key is not None or not future.done():
                break
            found, future = self._find_key(jose)
        now = self._clock()
        if found.key is None:
            raise self._without_key(now)
        return self._verify(sent, jose, found.key, name, now)

    def status(self, now: float) -> KeysStatus:
        """Return the state of the keys."""
        jwks = self._jwks
        if jwks.keys is None:
            return KeysStatus((), None, is_fresh=False, error=jwks.error)
        names = tuple(jwks.keys.keys)
        return KeysStatus(names, now - jwks.fetched_at, jwks.is_fresh(now), jwks.error)

    def is_usable(self, now: float) -> bool:
        """Return whether JWTs can be verified, as far as is known before the first fetch."""
        jwks = self._jwks
        return jwks.is_usable(now) or (jwks.keys is None and not jwks.is_failing)

    def after_fork(self) -> None:
        """Forget the fetch that runs in the process that this one was forked from."""
        self._lock = Lock()
        self._jwks = self._jwks.reset_fetch()
        self.cache.after_fork()

    def _find_key(self, jose: jws.Header) -> tuple[KeyLookup, "Future[None] | None"]:
        """Look up a key, and return the fetch that is started or in flight if one is due.

        One lock over both: the keys are replaced before their fetch is over, so a request that
        does not find them joins it.
        """
        with self._lock:
            found = self._jwks.find_key(jose.kid, self._clock(), jose.alg)
            if found.fetch is Fetch.NO:
                return found, None
            return found, self._single_flight.join("keys", partial(self._fetch, jose.kid))

    def _without_key(self, now: float) -> OAuthError:
        """Return the refusal of a token whose key is unknown, by whether the keys are usable."""
        jwks = self._jwks
        if jwks.is_failing or not jwks.is_usable(now):
            return unavailable(f"no keys to verify with: {jwks.error or 'not fetched in time'}")
        return invalid_token("signed with an unknown key")

    def _verify(
        self, sent: Sent, jose: jws.Header, key: Key, name: bytes | None, now: float
    ) -> VerifiedToken:
        """Return a verification, cached under `name`, which stands for token and scheme."""
        known = None if name is None else self.cache.get(name)
        if known is not None and known.key is key and known.since <= now < known.until:
            return known
        caller = verify_with(sent.token.value, jose, key, self._expect, now)
        self._binding.check_scheme(caller.confirmation, is_dpop=sent.is_dpop)
        scopes, leeway = frozenset(caller.scope.names), self._expect.leeway
        until = (caller.expires_at or now) + leeway
        verified = VerifiedToken(caller, scopes, jose.kid, key, now, until)
        return verified if name is None else self.cache.put(name, verified)

    def _fetch(self, kid: str) -> None:
        """Fetch the keys, in a thread of the single flight; waiting requests look them up again."""
        with self._lock:
            self._jwks = self._jwks.begin_fetch(kid, self._clock())
        self._counters.key_fetches += 1
        try:
            fetched = self._issuer.run(discovery.keys(self._issuer.jwks_uri()))
        except Exception as error:  # noqa: BLE001 - any failure leaves the old keys
            self._fail(error)
            return
        with self._lock:
            self._jwks = self._jwks.finish_fetch(fetched.keys, fetched.max_age)
        for reason in fetched.keys.skipped:
            _LOG.info("the key set: %s", reason)

    def _fail(self, error: Exception) -> None:
        why = str(error) if isinstance(error, discovery.DiscoveryError) else type(error).__name__
        self._counters.key_failures += 1
        self._issuer.forget()
        with self._lock:
            self._jwks = self._jwks.fail_fetch(why)
        _LOG.warning("the issuer's keys cannot be fetched: %s", why)
