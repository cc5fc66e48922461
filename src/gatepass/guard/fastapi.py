"""The guard as a FastAPI dependency, with its OpenAPI security scheme."""

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast
from urllib.parse import urlencode

from fastapi import Security
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request

from gatepass.guard import denied
from gatepass.guard.credentials import Credentials
from gatepass.guard.denied import Denied
from gatepass.guard.expectation import Expectation
from gatepass.guard.lookup import REMEMBER
from gatepass.guard.principal import Principal
from gatepass.wire import bearer, metadata
from gatepass.wire.params import LONGEST_BODY
from gatepass.wire.problem import Refused
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

__all__ = ["Denied", "Expectation", "Guard", "Principal"]

if TYPE_CHECKING:
    from gatepass.guard.introspector import Introspector

Answer: TypeAlias = Mapping[str, object] | None
Ask: TypeAlias = Callable[[Secret, HTTPConnection], Awaitable[Answer]]
Inspect: TypeAlias = Ask | Callable[[Secret, HTTPConnection], Answer]
Expect: TypeAlias = Callable[[HTTPConnection], Expectation]

_LOG = logging.getLogger("gatepass.guard")
_FORM = "application/x-www-form-urlencoded"


class Guard:
    """Lets requests with a good access token through, and no other.

    `issuer` is the authorization server; `resource`, if set, must be in a token's audience;
    `resource_metadata` is told in challenges (RFC 9728 §5.1). Tokens are looked up there
    (RFC 7662) with `client_id` and `client_secret`, else with GATEPASS_CLIENT_ID and
    GATEPASS_CLIENT_SECRET (or _FILE) of the environment; answers are remembered for `remember`
    seconds, and that is how long a revocation can go unnoticed.

    With `inspect` the guard asks it instead: it takes the token and the request and gives what
    an introspection answer would have, or None for "not active"; it may raise Refused. An
    `async def` runs on the event loop, a plain function in a thread. `expect` then may stand
    for the first three: an Expectation, or a function that gives the one for a request.

    Raises ValueError for settings that cannot work: a guard never starts half set.
    """

    def __init__(  # noqa: PLR0913 - each is one setting, named where it is given
        self,
        issuer: str | None = None,
        *,
        resource: str | None = None,
        resource_metadata: str = "",
        client_id: str | None = None,
        client_secret: Secret | str | None = None,
        remember: float = REMEMBER,
        inspect: Inspect | None = None,
        expect: Expectation | Expect | None = None,
    ) -> None:
        if (issuer is None) == (expect is None):
            raise ValueError("give the guard an issuer, or what to expect; one of them")
        if expect is not None and (resource or resource_metadata):
            raise ValueError("resource and resource_metadata belong into what to expect")
        self._expect = expect or Expectation(issuer or "", resource, resource_metadata)
        self._introspector: Introspector | None = None
        if inspect is None:
            if not isinstance(self._expect, Expectation):
                raise ValueError("what to expect can depend on the request only with inspect")
            credentials = Credentials.read(client_id, client_secret, os.environ)
            # here, as a guard with `inspect` reaches nobody and needs no HTTP client
            from gatepass.guard import introspector

            self._introspector = introspector.Introspector(
                self._expect.issuer, credentials, remember=remember
            )
            inspect = _over(self._introspector)
        self._inspect = _off_the_loop(inspect)
        self._scheme = _Scheme(self)

    def requires(self, *scopes: str) -> Any:  # noqa: ANN401 - as FastAPI's own Security
        """Give the dependency that answers with the Principal, for use in Annotated.

        Refuses a caller who lacks one of `scopes`; without any, every good token passes. Does
        NOT check that what is asked for belongs to the caller: compare `org_id` yourself. Raises
        ValueError for a scope that can never be granted.
        """
        try:
            wanted = Scope.parse(" ".join(scopes))
        except Refused:
            raise ValueError("a scope is printable ASCII without quotes and backslashes") from None
        self._scheme.mention(wanted)
        return Security(self._scheme, scopes=list(wanted.names))

    def problems(self, app: Starlette) -> None:
        """Have `app` answer refusals with whole problem documents (RFC 9457): a nicety.

        Without it they have status and headers all the same, and `detail` alone in the body.
        """
        app.add_exception_handler(Denied, denied.answer)

    async def identify(self, connection: HTTPConnection, wanted: Scope) -> Principal:
        """Tell who sent a request, or raise Denied.

        Checks the token's form, that it is active, type, issuer, audience, expiry, the networks
        that it may be used from, and scope. Behind a proxy, let the server find the caller's
        address in headers that it trusts. Does NOT check who owns what is asked for, and reads
        no token from URL or body.
        """
        expect = self._expected(connection)
        try:
            principal = await self._principal(connection, expect)
            if principal is not None:
                principal.comes_from(connection.client.host if connection.client else None)
                principal.requires(wanted)
                return principal
            refused = None
        except Refused as caught:
            refused = caught
        _tell(refused)
        raise Denied(refused, expect, wanted)

    def close(self) -> None:
        """Close the connections to the authorization server."""
        if self._introspector is not None:
            self._introspector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def token_url(self) -> str:
        """Where callers get tokens; a path where the issuer depends on the request."""
        issuer = self._expect.issuer if isinstance(self._expect, Expectation) else ""
        return issuer.removesuffix("/") + metadata.TOKEN

    def _expected(self, connection: HTTPConnection) -> Expectation:
        return self._expect if isinstance(self._expect, Expectation) else self._expect(connection)

    async def _principal(self, connection: HTTPConnection, expect: Expectation) -> Principal | None:
        headers = connection.headers.getlist("authorization")
        query = connection.scope["query_string"].decode("latin-1")
        token = bearer.read(headers, query, await _form(connection))
        if token is None:
            return None
        answer = await self._inspect(token, connection)
        return Principal.from_introspection(answer or {}, expect, now=time.time())


class _Scheme(SecurityBase):
    """The dependency itself; FastAPI knows a security scheme by its type."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._flow = OAuthFlowClientCredentials(tokenUrl=guard.token_url, scopes={})
        self.model = OAuth2(flows=OAuthFlows(clientCredentials=self._flow))
        self.scheme_name = "Gatepass"

    def mention(self, scope: Scope) -> None:
        """List `scope` in the OpenAPI document."""
        self._flow.scopes.update(dict.fromkeys(scope.names, ""))

    async def __call__(self, connection: HTTPConnection, wanted: SecurityScopes) -> Principal:
        return await self._guard.identify(connection, Scope(tuple(wanted.scopes)))


def _over(introspector: "Introspector") -> Ask:
    async def inspect(token: Secret, _connection: HTTPConnection) -> Answer:
        return await introspector.introspect(token)

    return inspect


def _off_the_loop(inspect: Inspect) -> Ask:
    """Give `inspect` as it can be awaited; what may block runs in a thread."""
    if iscoroutinefunction(inspect):
        return inspect
    blocking = cast("Callable[[Secret, HTTPConnection], Answer]", inspect)

    async def in_a_thread(token: Secret, connection: HTTPConnection) -> Answer:
        return await run_in_threadpool(blocking, token, connection)

    return in_a_thread


async def _form(connection: HTTPConnection) -> str:
    """Give a short form's text, to see a token that is sent twice (RFC 6750 §2).

    A form of unknown or great length is left alone: no token is ever taken from it.
    """
    media_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = connection.headers.get("content-length", "")
    if not isinstance(connection, Request) or media_type != _FORM:
        return ""
    if not length.isdecimal() or len(length) > 9 or int(length) > LONGEST_BODY:
        return ""
    try:
        return (await connection.body()).decode("latin-1")  # kept, so that an endpoint can read it
    except RuntimeError:  # somebody was first
        return await _form_as_read(connection)


async def _form_as_read(request: Request) -> str:
    """Give the names in the form that FastAPI has read for the endpoint."""
    try:
        return urlencode([(name, "") for name in await request.form()])
    except (RuntimeError, AssertionError):  # it was read as a stream, and is gone
        return ""


def _tell(refused: Refused | None) -> None:
    if refused is None:
        _LOG.info("refused: no credentials")
    else:
        level = logging.WARNING if refused.status >= 500 else logging.INFO
        _LOG.log(level, "refused: %s (%s)", refused.code, refused.note or refused.say)
