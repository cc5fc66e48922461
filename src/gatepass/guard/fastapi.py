"""The guard as a FastAPI dependency, with its OpenAPI security scheme: an adapter of `core`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Annotated, Any, TypeAlias, Unpack, cast

from fastapi import Security
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gatepass.guard import asgi
from gatepass.guard.core import request_state
from gatepass.guard.core.adapter import Adapter
from gatepass.guard.core.options import Answer, Inspect, Options
from gatepass.guard.model.error_response import Denied as CoreDenied
from gatepass.guard.model.error_response import ErrorResponse
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.requirements import Requirements, ScopeRequirement, any_of
from gatepass.guard.starlette import with_form
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

__all__ = ["Denied", "Expectation", "Guard", "Principal", "any_of"]

Ask: TypeAlias = Callable[[Secret, HTTPConnection], Awaitable[Answer]]


class Denied(HTTPException):
    """Raised by the guard.

    FastAPI renders it as an HTTPException, with the right status and headers and the body
    `{"detail": ...}`, a short problem document; with `Guard.problems` the document is whole.
    """

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(response.status, response.detail, dict(response.headers))
        self.error_response = response


async def respond(_request: Request, error: Exception) -> Response:
    """Return the response to a Denied, with a whole problem document: an exception handler."""
    if not isinstance(error, Denied):
        raise error
    return Response(error.error_response.body(), error.status_code, error.headers)


class Guard(Adapter):
    """Lets requests with a good access token through, and no other.

    Its options are those of `gatepass.guard.Guard`. The context of `inspect` and `expect` is the
    request; an `async def` runs on the event loop, a plain function in a thread.
    """

    def __init__(self, issuer: str | None = None, **options: Unpack[Options]) -> None:
        inspect = options.get("inspect")
        if inspect is not None:
            options["inspect"] = _off_the_loop(inspect)
        super().__init__(issuer, **options)
        self._flow = OAuthFlowClientCredentials(tokenUrl=self.core.token_url, scopes={})
        flows = OAuthFlows(clientCredentials=self._flow)
        self._model = OAuth2(flows=flows, description=self.core.how_to_send or None)
        self._scheme = _Scheme(self, self._model)
        self._described = _Described(self._model)

    def requires(self, *scopes: ScopeRequirement, organization: str = "") -> Any:  # noqa: ANN401 - as Security
        """Return the dependency whose value is the Principal, for use in Annotated.

        The caller must have all of `scopes`: each is a scope, `any_of(...)`, or a mapping of
        methods to either (see `Requirements.of`); without any, every good token passes.
        `organization` names the path parameter that must be the caller's `org_id`: 404 for any
        other. Does NOT check otherwise that the requested data belongs to the caller. Scopes of a
        Security above it are required as well. Raises ValueError for a scope that can never be
        granted.
        """
        requirements = Requirements.of(*scopes, organization=organization)
        self._flow.scopes.update(dict.fromkeys(requirements.all_scopes.names, ""))
        mentioned = list(requirements.all_scopes.names)
        if requirements.is_simple:
            return Security(self._scheme, scopes=mentioned)
        return Security(
            _dependency(self, requirements, Security(self._described, scopes=mentioned))
        )

    def problems(self, app: Starlette) -> None:
        """Make `app` render denials as whole problem documents (RFC 9457).

        Without it they have the same status and headers, and `detail` alone in the body.
        """
        app.add_exception_handler(Denied, respond)

    async def identify(self, connection: HTTPConnection, scopes: Scope | Requirements) -> Principal:
        """Return who sent a request, or raise Denied; see `core.Guard.identify`.

        Behind a proxy, let the server find the caller's address in headers that it trusts.
        """
        requirements = scopes if isinstance(scopes, Requirements) else Requirements(scopes)
        scope = connection.scope
        try:
            request, has_form = asgi.request_of(scope, connection.path_params, connection)
            if has_form:
                request = await with_form(request, connection)
            return await request_state.aidentify(scope, self.core, request, requirements)
        except CoreDenied as denied:
            raise Denied(denied.error_response) from None

    @property
    def token_url(self) -> str:
        """Where callers get tokens; a path if the issuer depends on the request."""
        return self.core.token_url


class _Described(SecurityBase):
    """The requirements in OpenAPI; FastAPI recognizes a security scheme by its type."""

    def __init__(self, model: OAuth2) -> None:
        self.model = model
        self.scheme_name = "Gatepass"

    async def __call__(self) -> None:
        """Do nothing."""


class _Scheme(SecurityBase):
    """The dependency itself; it requires the scopes that FastAPI has gathered."""

    def __init__(self, guard: Guard, model: OAuth2) -> None:
        self._guard = guard
        self.model = model
        self.scheme_name = "Gatepass"

    async def __call__(self, connection: HTTPConnection, gathered: SecurityScopes) -> Principal:
        requirements = _requirements_of(tuple(gathered.scopes))
        cached = asgi.find_cached(connection.scope, self._guard.core, requirements)
        if cached is not None:
            return cached
        return await self._guard.identify(connection, requirements)


def _dependency(
    guard: Guard,
    requirements: Requirements,
    described: Any,  # noqa: ANN401 - as FastAPI declares it
) -> Callable[..., Awaitable[Principal]]:
    """Return the dependency that checks `requirements`, and the scopes of those above it.

    Another dependency below it describes its own scopes: FastAPI would gather all in one list.
    """

    async def identify(
        connection: HTTPConnection,
        gathered: SecurityScopes,
        _described: Annotated[None, described],
    ) -> Principal:
        above = gathered.scopes
        if above:
            every = Scope((*above, *requirements.every.names))
            return await guard.identify(connection, replace(requirements, every=every))
        return await guard.identify(connection, requirements)

    return identify


@lru_cache(maxsize=1024)  # an application requires few different ones
def _requirements_of(scopes: tuple[str, ...]) -> Requirements:
    return Requirements(Scope(scopes))


def _off_the_loop(inspect: Inspect) -> Ask:
    """Return `inspect` as a coroutine function; what may block runs in a thread."""
    if iscoroutinefunction(inspect):
        return cast("Ask", inspect)
    blocking = cast("Callable[[Secret, HTTPConnection], Answer]", inspect)

    async def in_a_thread(token: Secret, connection: HTTPConnection) -> Answer:
        return await run_in_threadpool(blocking, token, connection)

    return in_a_thread
