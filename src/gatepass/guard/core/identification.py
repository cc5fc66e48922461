"""Decides who sent a request and whether the request is allowed, in one list of steps.

No step blocks. A step that must wait, for the issuer or a thread, is yielded to the driver: see
`Guard.identify` and `Guard.aidentify`.
"""

import logging
import os
from collections.abc import Generator, Mapping
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from gatepass.concurrency.single_flight import SingleFlight
from gatepass.guard.core import options as read
from gatepass.guard.core.connection import connect
from gatepass.guard.core.options import Options
from gatepass.guard.issuer.client import IssuerClient
from gatepass.guard.model.error_response import Denied, ErrorResponse, log_refusal
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import Requirements
from gatepass.guard.model.status import Counters
from gatepass.guard.verification.introspection import IntrospectionClient
from gatepass.guard.verification.introspection_request import unavailable
from gatepass.guard.verification.jwt_cache import LONGEST, cache_key
from gatepass.guard.verification.waiting import RunInThread, Step
from gatepass.wire import bearer
from gatepass.wire.bearer import invalid_token
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from gatepass.guard.verification.jwt import JwtVerifier

Steps: TypeAlias = Generator[Step, object, Principal]

_THREADS = 16  # for requests to the issuer
_LOG = logging.getLogger("gatepass.guard")
_NO_AUDIENCE = (
    "the guard for %s has no resource and takes tokens for other APIs too (RFC 9700 §2.3): "
    "give it this API's identifier"
)


class Identification:
    """Verifies tokens by the settings of one guard; `counters` counts the results."""

    def __init__(
        self, expect: Expectation | read.Expect, options: Options, counters: Counters
    ) -> None:
        self.counters = counters
        self.checks_audience = True
        self.feed = options.get("revocations")
        self.jwt: JwtVerifier | None = None
        self.introspection: IntrospectionClient | None = None
        self.binding = read.binding(options)
        self._expect = expect
        self._clock = read.clock(options)
        self._inspect = options.get("inspect")
        self._get_cached = options.get("get_cached")
        self._on_stale_feed = read.on_stale_feed(options)
        self._rate = options.get("rate")
        self._process = os.getpid()
        self._single_flight = SingleFlight(_THREADS, "gatepass-guard", unavailable)
        self._issuer: IssuerClient | None = None
        if isinstance(expect, Expectation):
            self._note_audience(expect)
            if self._inspect is None:
                self._issuer, self.introspection, self.jwt = connect(
                    expect,
                    options,
                    self._single_flight,
                    self.binding,
                    clock=self._clock,
                    counters=counters,
                )

    def find_cached(self, authorization: bytes, requirements: Requirements) -> Principal | None:
        """Return the caller whose JWT is cached if that alone shows that the request is allowed.

        `authorization` is the request's only Authorization header; no token is elsewhere in it.
        None for any other request, which is for `decide`. Not for a guard with a rate limit.
        """
        jwt, now = self.jwt, self._clock()
        if jwt is None or b"." not in authorization or len(authorization) > LONGEST:
            return None
        found = jwt.get_cached(sha256(authorization).digest(), now)
        if found is None or not (requirements.is_simple and requirements.names <= found.scopes):
            return None
        caller, feed = found.principal, self.feed
        names = caller.token_id, caller.client_id, caller.issued_at, found.kid
        if feed is not None and (feed.state(now) != "fresh" or feed.is_revoked(*names)):
            return None
        if caller.networks or caller.confirmation is not None:
            return None
        self.counters.verified += 1
        self.counters.cached += 1
        return caller

    def decide(self, request: Request, requirements: Requirements) -> Principal | Steps:
        """Return the caller if that takes no waiting, else the steps that find out.

        Raises OAuthError if the request is refused.
        """
        authorization, query, form = request[:3]
        if (query and bearer.is_misplaced(query)) or (form and bearer.is_misplaced(form)):
            return self._steps(request, requirements)  # which refuses it
        now, jwt, found, is_cached = self._clock(), self.jwt, None, True
        if jwt is not None and (name := cache_key(authorization)) is not None:
            found = jwt.get_cached(name, now)
            if found is None:
                found, is_cached = jwt.verify_now(authorization[0], name, now), False
        if found is not None:
            caller, scopes, kid = found.principal, found.scopes, found.kid
        else:
            known = self._find_cached(request, now)
            if known is None:
                return self._steps(request, requirements)
            caller, scopes, kid = known, frozenset(known.scope.names), None
            is_cached = self._get_cached is None  # which may as well have verified it just now
        if self._rate is not None:
            return self._steps(request, requirements)
        try:
            is_allowed = self._is_allowed(caller, scopes, kid, request, requirements, now)
        except OAuthError:
            if self._get_cached is None:
                raise
            is_allowed = False  # `inspect` has the last word
        is_bound = caller.confirmation is not None
        if not is_allowed or (is_bound and not self.binding.is_proven(caller, request, now)):
            return self._steps(request, requirements)
        counters = self.counters
        counters.verified += 1
        counters.cached += is_cached
        return caller

    def denied(
        self, refused: OAuthError | None, request: Request, requirements: Requirements
    ) -> Denied:
        """Count and log a refusal (None: no credentials); return it as the exception to raise."""
        scope = requirements.sufficient_scope(request.method)
        schemes = self.binding.schemes(request, refused)
        response = ErrorResponse.of(refused, self.expected(request), scope, *schemes)
        if refused is not None and refused.code == "use_dpop_nonce":
            response = response.with_header(
                "DPoP-Nonce", self.binding.nonce(request, self._clock())
            )
        self.counters.refused[response.reason] += 1
        log_refusal(refused)
        return Denied(response)

    def expected(self, request: Request) -> Expectation:
        """Return what a token must fulfil, which may depend on the request."""
        expect = self._expect
        if isinstance(expect, Expectation):
            return expect
        found = expect(request.context)
        self._note_audience(found)
        return found

    def close(self) -> None:
        """Close the connections to the authorization server, once no request is in flight."""
        self._single_flight.close()
        if self._issuer is not None:
            self._issuer.close()

    def after_fork(self) -> None:
        """Start again in a forked process, without the threads and connections of its parent.

        Done once more at the first wait there: gevent may patch the process until then.
        """
        self._reset()
        self._process = 0

    def _reset(self) -> None:
        """Drop what a fork does not inherit; some servers, as uWSGI, call no hook of Python's."""
        self._process = os.getpid()
        self._single_flight.after_fork()
        for part in (self._issuer, self.jwt, self.introspection, self.binding):
            if part is not None:
                part.after_fork()

    def _steps(self, request: Request, requirements: Requirements) -> Steps:
        """Return the caller; yields what must be waited for. Raises as `decide` does, or Denied."""
        if self._process != os.getpid():
            self._reset()
        sent = bearer.read_sent(request.authorization, request.query, request.form)
        if sent is None:
            raise self.denied(None, request, requirements)
        token = sent.token
        if self.feed is not None:
            self.feed.state(self._clock())  # starts it
        caller = None
        if self.jwt is not None and token.value.count(".") == 2:
            name = cache_key(request.authorization)
            verified = yield from self.jwt.verify(sent, name)
            if self._is_allowed(*verified[:3], request, requirements, self._clock()):
                caller = verified.principal
        if caller is None:
            caller = self._read(sent, (yield from self._introspect(token, request)), request)
            scopes = frozenset(caller.scope.names)
            self._is_allowed(caller, scopes, None, request, requirements, self._clock())
        if caller.confirmation is not None:
            yield from self.binding.prove(caller, request, token, self._clock())
        if self._rate is not None:
            yield from self._rate.count(caller.client_id)
        self.counters.verified += 1
        return caller

    def _introspect(self, token: Secret, request: Request) -> Generator[Step, object, object]:
        """Return the introspection response for a token, or what `inspect` returns instead."""
        if self._inspect is not None:
            return (yield RunInThread(partial(self._inspect, token, request.context)))
        if self.introspection is None:
            why = "not a JWT, and the guard has no client id and secret to introspect it"
            raise invalid_token(why)
        return (yield from self.introspection.introspect(token))

    def _find_cached(self, request: Request, now: float) -> Principal | None:
        """Return the caller if the response about its token is cached; None for a local JWT."""
        if self._get_cached is None and self.introspection is None:
            return None
        try:
            sent = bearer.read_sent(request.authorization)
            if sent is None:
                return None
            token = sent.token
            if self._get_cached is not None:
                known = self._get_cached(token, request.context)
                if known is not None:
                    self.binding.check_scheme(known.confirmation, is_dpop=sent.is_dpop)
                return known
            if self.introspection is None or (self.jwt and token.value.count(".") == 2):
                return None
            response = self.introspection.get_cached(token, now)
            return None if response is None else self._read(sent, response, request)
        except OAuthError:
            return None  # `_steps` refuses it

    def _read(self, sent: bearer.Sent, response: object, request: Request) -> Principal:
        caller = Principal.from_introspection(
            response if isinstance(response, Mapping) else {},
            self.expected(request),
            now=self._clock(),
            environment=Principal.environment_of(sent.token),
            may_be_bound=True,
        )
        self.binding.check_scheme(caller.confirmation, is_dpop=sent.is_dpop)
        return caller

    def _is_allowed(
        self,
        caller: Principal,
        scopes: frozenset[str],
        kid: str | None,
        request: Request,
        requirements: Requirements,
        now: float,
    ) -> bool:
        """Return whether a verified token is good for a request; raise OAuthError if it is not.

        Checks revocation, the caller's address and the requirements. False for a JWT (which has a
        `kid`) that must be introspected first, as the revocation feed is stale.
        """
        feed = self.feed
        if feed is not None:
            is_fresh = feed.state(now) == "fresh"
            if feed.is_revoked(caller.token_id, caller.client_id, caller.issued_at, kid):
                raise invalid_token("revoked")
            if not is_fresh and kid is not None and self._must_introspect():
                return False
        if caller.networks:
            caller.comes_from(request.source)
        if not (requirements.is_simple and requirements.names <= scopes):
            requirements.check(caller, request.method, request.path)
        return True

    def _must_introspect(self) -> bool:
        """Return whether JWTs are introspected while the feed is stale; raise if they cannot be."""
        if self._on_stale_feed == "allow":
            return False
        if self._on_stale_feed == "introspect" and self.introspection is not None:
            return True
        raise unavailable("the revocation feed is stale")

    def _note_audience(self, expect: Expectation) -> None:
        """Record an expectation without a resource, and log the first one."""
        if expect.resource is None and self.checks_audience:
            self.checks_audience = False
            _LOG.warning(_NO_AUDIENCE, expect.issuer)
