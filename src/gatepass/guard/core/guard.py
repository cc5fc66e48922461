"""The guard itself, which knows no web framework: a request in, a Principal out.

An adapter builds a `Request` and a `Requirements`, calls `identify` (in a thread) or `aidentify`
(in an event loop), and renders the `ErrorResponse` of the one exception, `Denied`.
"""

import os
import weakref
from collections.abc import Callable
from functools import partial
from typing import Self, Unpack

from gatepass.guard.core import metrics
from gatepass.guard.core import options as read
from gatepass.guard.core.identification import Identification
from gatepass.guard.core.options import Options
from gatepass.guard.model.error_response import ErrorResponse
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import NOTHING, Requirements
from gatepass.guard.model.status import Counters, FeedStatus, Status
from gatepass.guard.verification.waiting import arun_step, run_step
from gatepass.wire import metadata
from gatepass.wire.errors import OAuthError
from gatepass.wire.flow import arun, run


class Guard:
    """Lets requests with a good access token through, and no other; for threads and event loops.

    `issuer` is the authorization server's URL. The options are keyword arguments:

    resource: this API's identifier. A token's audience must have it, and JWTs are verified
        locally. Without it every token is introspected, as any API's JWT would be accepted
        otherwise; opaque tokens for other APIs are accepted, which the log and `status()` say.
    resource_metadata: the address named in challenges (RFC 9728 §5.1); derived from a `resource`
        that is an address; "" for none.
    base_url: the API's external address, as "https://api.example.com", with which a DPoP proof is
        compared; without it, the address of each request as the server knows it.
    dpop: how proofs of tokens that are bound to a key are checked; see `DPoP`. Such tokens are
        accepted without it too, but challenges do not offer them.
    client_certificates: where the certificate of a client is found, for tokens that are bound to
        one; see `ClientCertificates`. Without it such tokens are refused.
    require_bound_tokens: True refuses tokens that are bound to no key and no certificate.
    client_id, client_secret: the guard's own, for introspection (RFC 7662); else
        GATEPASS_CLIENT_ID and GATEPASS_CLIENT_SECRET (or _FILE) of the environment. Without
        them only JWTs are accepted.
    cache_seconds: how long an introspection response is used, and a revocation may go unnoticed.
    offline: False introspects JWTs like other tokens.
    claims, lenient: for other issuers; see `Expectation`.
    leeway: by how many seconds (0 to 60) the issuer's clock and this one may differ.
    jwks_uri, introspection_endpoint: needed if the issuer's metadata does not name them.
    keys: how the issuer's keys age; see `Policy`.
    revocations, on_stale_feed: a feed of revocations, checked at each request, and what to do
        with JWTs while it is stale: "introspect" (503 without credentials), "refuse" (503) or
        "allow".
    rate: a limit for each application; see `RateLimit`.
    inspect: called instead of the issuer, for every token, with the token and the `context` of
        the request; returns the members of an introspection response, or None for "not active";
        may raise OAuthError. A coroutine function is for `aidentify` alone.
    get_cached: with `inspect`, called before it with the same arguments; returns without waiting
        the Principal of a token that is known to be good here, its audience included, or None:
        then `inspect` decides.
    expect: with `inspect`, replaces issuer, resource and the like: an Expectation, or a function
        that returns the one for a context.
    timeout: seconds to wait for the issuer.
    clock: returns the seconds since 1970.

    Raises ValueError for settings that cannot work, TypeError for an unknown one.
    """

    def __init__(self, issuer: str | None = None, **options: Unpack[Options]) -> None:
        unknown = options.keys() - Options.__annotations__.keys()
        if unknown:
            raise TypeError(f"a guard has no setting {', '.join(sorted(unknown))}")
        self._expect = read.expectation(issuer, options)
        clock = self._clock = read.clock(options)
        self.counters = Counters(self.issuer)
        self._identification = Identification(self._expect, options, self.counters)
        self._decide = self._identification.decide
        has_jwts = self._identification.jwt is not None and options.get("rate") is None
        # For adapters, before `identify`; None for a guard that never decides by a cached JWT.
        self.find_cached = self._identification.find_cached if has_jwts else None
        if (feed := self._identification.feed) is not None:
            self.counters.lag = lambda: feed.lag(clock())  # which does not keep the guard alive
        metrics.publish()
        # Windows does not fork.
        at_fork: Callable[..., object] = getattr(os, "register_at_fork", dict)
        at_fork(after_in_child=partial(reset_after_fork, weakref.ref(self)))

    @property
    def issuer(self) -> str:
        """The authorization server; empty if it depends on the request."""
        return self._expect.issuer if isinstance(self._expect, Expectation) else ""

    @property
    def token_url(self) -> str:
        """Where callers get tokens; a path if the issuer depends on the request."""
        return self.issuer.removesuffix("/") + metadata.TOKEN

    def identify(self, request: Request, requirements: Requirements = NOTHING) -> Principal:
        """Return who sent a request, or raise Denied; may block, so not for an event loop.

        Checks the token's form and signature or that it is active, type, issuer, audience,
        time, revocation as far as it is known, the networks that it may be used from,
        `requirements`, that the sender has what the token is bound to, and the rate. A DPoP proof
        passes once, so call it once for each request. Does NOT check who owns the requested data
        beyond `requirements.organization`, and accepts no token in URL or body.
        """
        try:
            decision = self._decide(request, requirements)
            return decision if isinstance(decision, Principal) else run(decision, run_step)
        except OAuthError as refused:
            raise self._identification.denied(refused, request, requirements) from None

    async def aidentify(self, request: Request, requirements: Requirements = NOTHING) -> Principal:
        """Return who sent a request, or raise Denied, as `identify` does; for an event loop."""
        try:
            decision = self._decide(request, requirements)
            return decision if isinstance(decision, Principal) else await arun(decision, arun_step)
        except OAuthError as refused:
            raise self._identification.denied(refused, request, requirements) from None

    def check(self, caller: Principal, request: Request, requirements: Requirements) -> None:
        """Raise Denied if a caller that `identify` returned does not fulfil `requirements`.

        For adapters that learn who calls before they know the requirements. Does NOT check the
        token again.
        """
        try:
            requirements.check(caller, request.method, request.path)
        except OAuthError as refused:
            raise self._identification.denied(refused, request, requirements) from None

    def challenge(self, request: Request) -> ErrorResponse:
        """Return the response to a request without credentials, for adapters that look for them."""
        return self._identification.denied(None, request, NOTHING).error_response

    def metadata(self, *scopes: str) -> dict[str, object]:
        """Return the document that challenges point to (RFC 9728 §2): which tokens are accepted.

        Serve it as JSON, without authentication, at the address `resource_metadata`; `scopes` are
        those that the API uses. Raises ValueError for a guard without a `resource`, or if that
        depends on the request.
        """
        expect = self._expect
        if not isinstance(expect, Expectation) or expect.resource is None:
            raise ValueError("only a guard with a resource has metadata: pass resource")
        more = self._identification.binding.metadata()
        return metadata.protected_resource(expect.resource, expect.issuer, list(scopes), **more)

    @property
    def resource_metadata(self) -> str:
        """The address that challenges name (RFC 9728 §5.1), empty if they name none."""
        return self._expect.resource_metadata if isinstance(self._expect, Expectation) else ""

    @property
    def how_to_send(self) -> str:
        """How bound tokens are sent, for people; empty for a guard whose settings name none."""
        return self._identification.binding.how_to_send

    def status(self) -> Status:
        """Return the guard's state, for a health check; sends no request."""
        now = self._clock()
        parts = self._identification
        jwt, feed, introspection = parts.jwt, parts.feed, parts.introspection
        feed_status = None if feed is None else FeedStatus(feed.state(now), feed.lag(now))
        is_fresh = feed_status is None or feed_status.state == "fresh"
        error = "" if introspection is None else introspection.error
        return Status(
            is_healthy=(jwt is None or jwt.is_usable(now)) and is_fresh and not error,
            keys=None if jwt is None else jwt.status(now),
            feed=feed_status,
            cached_jwts=0 if jwt is None else len(jwt.cache),
            cached_introspections=0 if introspection is None else len(introspection),
            introspection_error=error,
            checks_audience=parts.checks_audience,
        )

    def close(self) -> None:
        """Close the connections to the authorization server, once no request is in flight."""
        self._identification.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def after_fork(self) -> None:
        """Start again in a forked process, without the threads and connections of its parent."""
        self._identification.after_fork()


def reset_after_fork(guard: "Callable[[], Guard | None]") -> None:
    """Reset a guard, unless it was deleted, in a process that was just forked."""
    known = guard()
    if known is not None:
        known.after_fork()
