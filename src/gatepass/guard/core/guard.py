"""The guard itself, which knows no web framework: a request's facts in, a Principal out.

An adapter builds a `Request` and a `Requirements`, calls `identify` (in a thread) or `aidentify`
(in an event loop), and renders the `Denial` of the one exception, `Denied`.
"""

import logging
import os
import time
import weakref
from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Self, Unpack

from gatepass.concurrency.single_flight import SingleFlight
from gatepass.guard.core import metrics
from gatepass.guard.core import options as read
from gatepass.guard.core.options import Options
from gatepass.guard.issuer.client import IssuerClient
from gatepass.guard.model.denial import Denial, Denied
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import NOTHING, Requirements
from gatepass.guard.model.status import Counters, FeedStatus, Status
from gatepass.guard.revocation.interface import Revocations
from gatepass.guard.verification.introspection import TIMEOUT, IntrospectionClient
from gatepass.guard.verification.introspection_request import REMEMBER, unavailable
from gatepass.guard.verification.jwks_cache import Policy
from gatepass.guard.verification.jwt_cache import Entry, cache_key
from gatepass.guard.verification.waiting import RunInThread, Step, atake, take
from gatepass.wire import bearer, metadata
from gatepass.wire.bearer import invalid_token
from gatepass.wire.errors import OAuthError
from gatepass.wire.flow import arun, run
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from gatepass.guard.verification.jwt import JwtVerifier

_THREADS = 16  # for requests to the issuer
_LOG = logging.getLogger("gatepass.guard")
_BEARER = "Bearer "
_NO_AUDIENCE = (
    "the guard for %s has no resource and takes tokens for other APIs too (RFC 9700 §2.3): "
    "give it this API's identifier"
)


class Guard:
    """Lets requests with a good access token through, and no other; for threads and loops alike.

    `issuer` is the authorization server, and these may be told by name (see `Options`):

    resource: this API's identifier. A token's audience must have it, and JWTs are verified
        offline. Without it every token is asked about, as any API's JWT would do otherwise, and
        opaque tokens for other APIs pass, which the log and `status()` say.
    resource_metadata: told in challenges (RFC 9728 §5.1); derived from a `resource` that is an
        address; "" for none.
    client_id, client_secret: the guard's own, to ask about tokens (RFC 7662); else
        GATEPASS_CLIENT_ID and GATEPASS_CLIENT_SECRET (or _FILE) of the environment. Without
        them only JWTs work.
    remember: seconds that an introspection answer counts, and that a revocation can go unnoticed.
    offline: False has JWTs asked about like other tokens.
    claims, plain: for other issuers; see `Expectation`.
    leeway: for how many seconds (0 to 60) the issuer's clock and this one may differ.
    jwks_uri, introspection_endpoint: where the issuer's metadata does not say.
    keys: how the issuer's keys age; see `Policy`.
    revocations, on_stale: a feed of revocations, asked at each request, and what to do with JWTs
        while it is silent: "introspect" (503 without credentials), "refuse" (503) or "allow".
    rate: a limit for each application; see `gatepass.guard.core.rate_limit`.
    inspect: asked in place of the issuer, about every token: it takes the token and the `context`
        of what arrived and gives what an introspection answer would have, or None for "not
        active"; it may raise OAuthError. A coroutine function is for `aidentify` alone.
    recall: with `inspect`, asked before it, with the same: gives at once the Principal of a token
        that is good here as far as memory tells, its audience and all, or None: `inspect` decides.
    expect: with `inspect`, stands for issuer, resource and the like: an Expectation, or a
        function that gives the one for a context.
    timeout: seconds to wait for the issuer.
    clock: gives the seconds since 1970.

    Raises ValueError for settings that cannot work: a guard never starts half set.
    """

    def __init__(self, issuer: str | None = None, **options: Unpack[Options]) -> None:
        unknown = options.keys() - Options.__annotations__.keys()
        if unknown:
            raise TypeError(f"a guard has no setting {', '.join(sorted(unknown))}")
        self._expect = read.expectation(issuer, options)
        self._clock: Callable[[], float] = options.get("clock", time.time)
        self._inspect = options.get("inspect")
        self._recall = options.get("recall")
        self._feed = options.get("revocations")
        self._on_stale = options.get("on_stale", "introspect")
        if self._on_stale not in {"introspect", "refuse", "allow"}:
            raise ValueError('on_stale is "introspect", "refuse" or "allow"')
        self._rate = options.get("rate")
        self.tally = Counters(self.issuer)
        if self._feed is not None:
            self.tally.lag = partial(_lag, self._feed, self._clock)
        metrics.publish()
        self._checks_audience = True
        if isinstance(self._expect, Expectation):
            self._note_audience(self._expect)
        self._process = os.getpid()
        self._flights = SingleFlight(_THREADS, "gatepass-guard", unavailable)
        self._outside: IssuerClient | None = None
        self._offline: JwtVerifier | None = None
        self._introspector: IntrospectionClient | None = None
        if self._inspect is None and isinstance(self._expect, Expectation):
            self._reach_out(self._expect, options)
        # Windows does not fork.
        at_fork: Callable[..., object] = getattr(os, "register_at_fork", dict)
        at_fork(after_in_child=partial(begin_after_fork, weakref.ref(self)))

    def _reach_out(self, expect: Expectation, options: Options) -> None:
        """Make the parts that speak to the issuer."""
        timeout = options.get("timeout", TIMEOUT)
        self._outside = IssuerClient(expect.issuer, read.endpoints(options), timeout, self._clock)
        is_offline = expect.resource is not None and options.get("offline", True)
        credentials = read.credentials(options, needed=not is_offline)
        offer = getattr(self._feed, "take_credentials", None)  # a Feed's, which is not loaded here
        if offer is not None:
            offer(credentials)
        if credentials is not None:
            self._introspector = IntrospectionClient(
                self._outside,
                self._flights,
                credentials,
                remember=options.get("remember", REMEMBER),
                timeout=timeout,
                clock=self._clock,
                tally=self.tally,
                names=expect.claims,
            )
        if is_offline:
            # here, as a guard that only asks does not pay for the cryptography
            from gatepass.guard.verification.jwt import JwtVerifier

            policy = options.get("keys") or Policy()
            self._offline = JwtVerifier(
                self._outside,
                self._flights,
                expect,
                policy,
                timeout=timeout,
                clock=self._clock,
                tally=self.tally,
            )

    @property
    def issuer(self) -> str:
        """The authorization server; empty where it depends on the request."""
        return self._expect.issuer if isinstance(self._expect, Expectation) else ""

    @property
    def token_url(self) -> str:
        """Where callers get tokens; a path where the issuer depends on the request."""
        return self.issuer.removesuffix("/") + metadata.TOKEN

    def identify(self, arrived: Request, needs: Requirements = NOTHING) -> Principal:
        """Tell who sent a request, or raise Denied; may block, so not for an event loop.

        Checks the token's form and signature or that it is active, type, issuer, audience,
        time, revocation as far as it is known, the networks that it may be used from, `needs`
        and the rate. Does NOT check who owns what is asked for beyond `needs.organization`, and
        takes no token from URL or body.
        """
        known = self._at_once(arrived, needs)
        return known if known is not None else run(self._steps(arrived, needs), take)

    async def aidentify(self, arrived: Request, needs: Requirements = NOTHING) -> Principal:
        """Do what `identify` does, in an event loop."""
        known = self._at_once(arrived, needs)
        return known if known is not None else await arun(self._steps(arrived, needs), atake)

    def check(self, caller: Principal, arrived: Request, needs: Requirements) -> None:
        """Raise Denied where a caller whom `identify` gave may not do what takes `needs`.

        For faces that learn who calls before they know what is asked for. Does NOT check the
        token again.
        """
        try:
            needs.check(caller, arrived.method, arrived.path)
        except OAuthError as refused:
            raise self._denied(refused, self._expected(arrived), arrived, needs) from None

    def challenge(self, arrived: Request) -> Denial:
        """Give the answer to a request without credentials, for faces that look for them first."""
        return self._denied(None, self._expected(arrived), arrived, NOTHING).denial

    def metadata(self, *scopes: str) -> dict[str, object]:
        """Give the document that challenges point to (RFC 9728 §2): whose tokens this API takes.

        Serve it as JSON, to everybody, at the address `resource_metadata`; `scopes` are those that
        the API uses. Raises ValueError for a guard without a `resource`, or with several.
        """
        expect = self._expect
        if not isinstance(expect, Expectation) or expect.resource is None:
            raise ValueError("only a guard that was told its resource has metadata of it")
        return metadata.protected_resource(expect.resource, expect.issuer, list(scopes))

    @property
    def resource_metadata(self) -> str:
        """The address that challenges name (RFC 9728 §5.1), empty where they name none."""
        return self._expect.resource_metadata if isinstance(self._expect, Expectation) else ""

    def status(self) -> Status:
        """Tell how the guard is, for a health check; asks nobody."""
        now = self._clock()
        offline, feed, introspector = self._offline, self._feed, self._introspector
        heard = None if feed is None else FeedStatus(feed.state(now), feed.lag(now))
        keys_count = offline is None or offline.counts(now)
        error = "" if introspector is None else introspector.error
        return Status(
            is_well=keys_count and (heard is None or heard.state == "fresh") and not error,
            keys=None if offline is None else offline.status(now),
            feed=heard,
            verified_kept=0 if offline is None else len(offline.verified),
            answers_kept=0 if introspector is None else len(introspector),
            introspection_error=error,
            checks_audience=self._checks_audience,
        )

    def close(self) -> None:
        """Close the connections to the authorization server, once nothing is under way."""
        self._flights.close()
        if self._outside is not None:
            self._outside.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def after_fork(self) -> None:
        """Begin anew in a forked process, without the threads and connections of its parent.

        And again at the first question there: gevent may patch the process until then.
        """
        self._begin()
        self._process = 0

    def _begin(self) -> None:
        """Begin anew; some servers, as uWSGI, fork without any of Python's hooks."""
        self._process = os.getpid()
        self._flights.after_fork()
        for part in (self._outside, self._offline, self._introspector):
            if part is not None:
                part.after_fork()

    def _at_once(self, arrived: Request, needs: Requirements) -> Principal | None:
        """Let through, in a few steps, a good token that needs nothing special; or raise Denied.

        None where there is more to do, to wait for, or to refuse: `_steps` does all of it.
        """
        if self._rate is not None or not needs.is_plain:
            return None
        query, form = arrived.query, arrived.form
        if (query and bearer.is_misplaced(query)) or (form and bearer.is_misplaced(form)):
            return None
        now = self._clock()
        offline, entry, is_recalled = self._offline, None, True
        if offline is not None:
            name = cache_key(arrived.authorization)
            entry = None if name is None else offline.recall(name, now)
            if entry is None and name is not None:
                entry, is_recalled = self._learn(offline, arrived, needs, name, now), False
        if entry is not None:
            caller, scopes, kid = entry.principal, entry.scopes, entry.kid
        else:
            known = self._at_hand(arrived, now)
            if known is None:
                return None
            caller, scopes, kid = known, frozenset(known.scope.names), None
            is_recalled = self._recall is None  # which may as well have verified it just now
        if caller.networks or not needs.names <= scopes:
            return None
        feed = self._feed
        if feed is not None and (
            feed.state(now) != "fresh"
            or feed.is_revoked(caller.token_id, caller.client_id, caller.issued_at, kid)
        ):
            return None
        self.tally.verified += 1
        self.tally.recalled += is_recalled
        return caller

    def _at_hand(self, arrived: Request, now: float) -> Principal | None:
        """Tell from memory whose token it is, unless it is a JWT that is verified here."""
        introspector = self._introspector
        if self._recall is None and introspector is None:
            return None
        try:
            token = bearer.read(arrived.authorization)
            if token is None:
                return None
            if self._recall is not None:
                return self._recall(token, arrived.context)
            if introspector is None or (self._offline and token.value.count(".") == 2):
                return None
            answer = introspector.recall(token, now)
            return None if answer is None else self._read(token, answer, self._expected(arrived))
        except OAuthError:
            return None

    def _learn(
        self, offline: "JwtVerifier", arrived: Request, needs: Requirements, name: bytes, now: float
    ) -> Entry | None:
        """Verify a JWT in a header as nearly all are written; None for any other."""
        header = arrived.authorization[0]
        if not header.startswith(_BEARER) or header.count(".") != 2 or "," in header:
            return None
        token = header[len(_BEARER) :]
        if token != token.strip(" \t"):
            return None
        try:
            return offline.learn(token, name, now)
        except OAuthError as refused:
            raise self._denied(refused, self._expected(arrived), arrived, needs) from None

    def _steps(self, arrived: Request, needs: Requirements) -> Generator[Step, object, Principal]:
        if self._process != os.getpid():
            self._begin()
        expect, refused = self._expected(arrived), None
        try:
            caller = yield from self._judge(arrived, needs, expect)
            if caller is not None:
                self.tally.verified += 1
                return caller
        except OAuthError as caught:
            refused = caught
        raise self._denied(refused, expect, arrived, needs)

    def _denied(
        self, refused: OAuthError | None, expect: Expectation, arrived: Request, needs: Requirements
    ) -> Denied:
        """Count and tell a refusal, and give it as an answer."""
        denial = Denial.of(refused, expect, needs.enough(arrived.method))
        self.tally.refused[denial.reason] += 1
        _tell(refused)
        return Denied(denial)

    def _expected(self, arrived: Request) -> Expectation:
        expect = self._expect
        if isinstance(expect, Expectation):
            return expect
        found = expect(arrived.context)
        if found.resource is None:
            self._note_audience(found)
        return found

    def _note_audience(self, expect: Expectation) -> None:
        """Note an expectation without a resource, and warn of the first one."""
        if expect.resource is None and self._checks_audience:
            self._checks_audience = False
            _LOG.warning(_NO_AUDIENCE, expect.issuer)

    def _judge(
        self, arrived: Request, needs: Requirements, expect: Expectation
    ) -> Generator[Step, object, Principal | None]:
        token = bearer.read(arrived.authorization, arrived.query, arrived.form)
        if token is None:
            return None
        caller = yield from self._who(token, arrived, expect)
        caller.comes_from(arrived.source)
        needs.check(caller, arrived.method, arrived.path)
        if self._rate is not None:
            yield from self._rate.count(caller.client_id)
        return caller

    def _who(
        self, token: Secret, arrived: Request, expect: Expectation
    ) -> Generator[Step, object, Principal]:
        """Tell whose token it is, by the way that its form and the settings call for."""
        if self._feed is not None:
            self._feed.state(self._clock())  # starts it, for the token's next requests
        if self._inspect is not None:
            answer = yield RunInThread(partial(self._inspect, token, arrived.context))
        else:
            if self._offline is not None and token.value.count(".") == 2:
                entry = yield from self._offline.judge(token, cache_key(arrived.authorization))
                if not self._is_to_be_asked(entry.principal, entry.kid):
                    return entry.principal
            if self._introspector is None:
                why = "not a JWT, and the guard has no client id and secret to ask about it"
                raise invalid_token(why)
            answer = yield from self._introspector.judge(token)
        caller = self._read(token, answer, expect)
        self._check_unrevoked(caller, None)
        return caller

    def _read(self, token: Secret, answer: object, expect: Expectation) -> Principal:
        members = answer if isinstance(answer, Mapping) else {}
        environment = Principal.environment_of(token)
        return Principal.from_introspection(
            members, expect, now=self._clock(), environment=environment
        )

    def _is_to_be_asked(self, caller: Principal, kid: str) -> bool:
        """Tell whether a good JWT must be introspected as well, because the feed is silent."""
        self._check_unrevoked(caller, kid)
        if self._feed is None or self._on_stale == "allow":
            return False
        if self._feed.state(self._clock()) == "fresh":
            return False
        if self._on_stale == "introspect" and self._introspector is not None:
            return True
        raise unavailable("the feed of revocations is silent")

    def _check_unrevoked(self, caller: Principal, kid: str | None) -> None:
        feed = self._feed
        if feed is not None and feed.is_revoked(
            caller.token_id, caller.client_id, caller.issued_at, kid
        ):
            raise invalid_token("revoked")


def begin_after_fork(guard: "Callable[[], Guard | None]") -> None:
    """Have a guard, unless it is gone, begin anew in a process that was just forked."""
    known = guard()
    if known is not None:
        known.after_fork()


def _lag(feed: Revocations, clock: Callable[[], float]) -> float | None:
    return feed.lag(clock())


def _tell(refused: OAuthError | None) -> None:
    if refused is None:
        _LOG.info("refused: no credentials")
    else:
        level = logging.WARNING if refused.status >= 500 else logging.INFO
        _LOG.log(level, "refused: %s (%s)", refused.code, refused.log_detail or refused.description)
