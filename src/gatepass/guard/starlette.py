"""The guard in Starlette: a decorator for endpoints and a middleware; an adapter of `core`.

guard = Guard(issuer="https://login.example.com", resource="https://api.example.com")

@guard.requires("read")
async def meters(request):
    return JSONResponse({"client_id": request.state.principal.client_id})

app = Starlette(routes=routes, middleware=[guard.middleware(exempt=["/health"])])  # or for all
"""

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from gatepass.guard import asgi
from gatepass.guard.core import request_state
from gatepass.guard.core.adapter import Adapter
from gatepass.guard.model.error_response import Denied, ErrorResponse
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request as GuardRequest
from gatepass.guard.model.requirements import Requirements, ScopeRequirement, any_of

__all__ = ["Guard", "GuardMiddleware", "Principal", "any_of"]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Guard(Adapter):
    """Lets requests with a good access token through, and no other.

    Its options are those of `gatepass.guard.Guard`. The context of `inspect` (a coroutine
    function, or one that runs in a thread) and `expect` is the request; in the middleware it is
    the ASGI scope.
    """

    def requires(
        self, *scopes: ScopeRequirement, organization: str = ""
    ) -> Callable[[Endpoint], Endpoint]:
        """Return a decorator for endpoints, which sets `request.state.principal`.

        For functions, plain or `async`, of a request or a WebSocket, and for methods of an
        HTTPEndpoint. The caller must have all of `scopes`: each is a scope, `any_of(...)`, or a
        mapping of methods to either (see `Requirements.of`); without any, every good token passes.
        `organization` names the path parameter that must be the caller's `org_id`: 404 for any
        other. Does NOT check otherwise that the requested data belongs to the caller.
        Raises ValueError for a scope that can never be granted, TypeError for a class.
        """
        requirements = Requirements.of(*scopes, organization=organization)

        def decorate(endpoint: Endpoint) -> Endpoint:
            if isinstance(endpoint, type):
                raise TypeError(
                    "requires() is for the methods of an HTTPEndpoint, not for the class"
                )
            is_async = iscoroutinefunction(endpoint)

            @wraps(endpoint)
            async def guarded(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as it came
                connection = _connection(*arguments[:2], *named.values())
                response = await self._authorize(connection, requirements)
                if response is not None:
                    return await _answer(response, connection)
                if is_async:
                    return await endpoint(*arguments, **named)
                return await run_in_threadpool(endpoint, *arguments, **named)

            return cast("Endpoint", guarded)

        return decorate

    def middleware(self, *scopes: ScopeRequirement, exempt: Iterable[str] = ()) -> Middleware:
        """Return a middleware: every path that is not `exempt` needs a token and `scopes`.

        Put Starlette's CORSMiddleware before it in the list: a preflight has no token.
        """
        factory: Any = GuardMiddleware  # whose keywords are those of Protected
        requirements = Requirements.of(*scopes)
        return Middleware(factory, guard=self.core, requirements=requirements, exempt=tuple(exempt))

    async def _authorize(
        self, connection: HTTPConnection, requirements: Requirements
    ) -> ErrorResponse | None:
        """Set the principal, or return the error response."""
        scope = connection.scope
        cached = asgi.find_cached(scope, self.core, requirements)
        if cached is not None:
            connection.state.principal = cached
            return None
        try:
            request, has_form = asgi.request_of(scope, connection.path_params, connection)
            if has_form:
                request = await with_form(request, connection)
            caller = await request_state.aidentify(scope, self.core, request, requirements)
            connection.state.principal = caller
        except Denied as denied:
            return denied.error_response
        return None


class GuardMiddleware(asgi.Protected):
    """`asgi.Protected`, with the principal where Starlette's requests have it as well."""

    def __init__(self, app: asgi.App, **options: Any) -> None:  # noqa: ANN401 - of Protected
        async def with_state(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
            if asgi.PRINCIPAL in scope:
                state = {**scope.get("state", {}), "principal": scope[asgi.PRINCIPAL]}
                scope = {**scope, "state": state}
            await app(scope, receive, send)

        super().__init__(with_state, **options)


async def with_form(request: GuardRequest, connection: HTTPConnection) -> GuardRequest:
    """Return `request` with its form, whose body is kept, so that the endpoint can read it too."""
    return request._replace(form=await _form(connection))


async def _form(connection: HTTPConnection) -> str:
    if not isinstance(connection, Request):
        return ""
    try:
        return (await connection.body()).decode("latin-1")  # kept, so that an endpoint can read it
    except ClientDisconnect:  # it will never be whole, and the endpoint will find out as well
        return ""
    except RuntimeError:  # it was read before
        return await _form_as_read(connection)


async def _form_as_read(request: Request) -> str:
    """Return the names in a form that was read before."""
    try:
        return urlencode([(name, "") for name in await request.form()])
    except (RuntimeError, AssertionError):  # it was read as a stream, and is gone
        return ""


def _connection(*arguments: object) -> HTTPConnection:
    """Return the request among an endpoint's arguments; a method has `self` before it."""
    for argument in arguments:
        if isinstance(argument, HTTPConnection):
            return argument
    raise TypeError("requires() is for endpoints that take a request or a WebSocket first")


async def _answer(response: ErrorResponse, connection: HTTPConnection) -> Response | None:
    if isinstance(connection, WebSocket):
        await asgi.deny(response, connection.scope, connection.receive, connection.send)
        return None
    return Response(response.body(), response.status, dict(response.headers))
