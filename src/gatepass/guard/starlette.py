"""The guard in Starlette: a decorator for endpoints and a middleware; a face of `core`.

guard = Guard(issuer="https://login.example.com", resource="https://api.example.com")

@guard.requires("read")
async def meters(request):
return JSONResponse({"client_id": request.state.principal.client_id})

app = Starlette(routes, middleware=[guard.middleware(exempt=["/health"])])  # or for all
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Self, TypeVar, Unpack, cast

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from gatepass.guard import asgi, core
from gatepass.guard.arrived import Arrived
from gatepass.guard.denied import Denial, Denied
from gatepass.guard.needs import Needs, Wanted, any_of
from gatepass.guard.options import Options
from gatepass.guard.principal import Principal
from gatepass.guard.steps import is_coroutine
from gatepass.guard.told import Status

__all__ = ["Guard", "GuardMiddleware", "Principal", "any_of"]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Guard:
    """Lets requests with a good access token through, and no other.

    Takes the settings of `gatepass.guard.core.Guard`. `inspect`, a coroutine function or one that
    does not block, gets the token and the request, as `expect` does; under the middleware they
    get the ASGI scope.
    """

    def __init__(self, issuer: str | None = None, **options: Unpack[Options]) -> None:
        self.core = core.Guard(issuer, **options)

    def requires(self, *wanted: Wanted, organization: str = "") -> Callable[[Endpoint], Endpoint]:
        """Give a decorator for endpoints that says who calls in `request.state.principal`.

        For functions, plain or `async`, of a request or a WebSocket, and for methods of an
        HTTPEndpoint. Refuses a caller who lacks one of `wanted`: a scope, `any_of(...)`, or a
        mapping of methods to either (see `Needs.of`); without any, every good token passes.
        `organization` names the path parameter that must be the caller's `org_id`: another's
        answers 404. Does NOT check otherwise that what is asked for belongs to the caller.
        Raises ValueError for a scope that can never be granted.
        """
        needs = Needs.of(*wanted, organization=organization)

        def decorate(endpoint: Endpoint) -> Endpoint:
            is_async = is_coroutine(endpoint)

            @wraps(endpoint)
            async def guarded(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as it came
                connection = _connection(arguments)
                denial = await self._admit(connection, needs)
                if denial is not None:
                    return await _answer(denial, connection)
                if is_async:
                    return await endpoint(*arguments, **named)
                return await run_in_threadpool(endpoint, *arguments, **named)

            return cast("Endpoint", guarded)

        return decorate

    def middleware(self, *wanted: Wanted, exempt: Iterable[str] = ()) -> Middleware:
        """Give the middleware that has every path but the `exempt` need a token and `wanted`."""
        factory: Any = GuardMiddleware  # whose keywords are those of Protected
        needs = Needs.of(*wanted)
        return Middleware(factory, guard=self.core, needs=needs, exempt=tuple(exempt))

    def status(self) -> Status:
        """Tell how the guard is, for a health check."""
        return self.core.status()

    def close(self) -> None:
        """Close the connections to the authorization server."""
        self.core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    async def _admit(self, connection: HTTPConnection, needs: Needs) -> Denial | None:
        """Set the principal, or give the refusal."""
        try:
            asked = await arrived(connection)
            connection.state.principal = await self.core.aidentify(asked, needs)
        except Denied as denied:
            return denied.denial
        return None


class GuardMiddleware(asgi.Protected):
    """`asgi.Protected`, with the principal where Starlette's requests have it as well."""

    def __init__(self, app: asgi.App, **options: Any) -> None:  # noqa: ANN401 - of Protected
        async def passed_on(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
            if asgi.PRINCIPAL in scope:
                state = {**scope.get("state", {}), "principal": scope[asgi.PRINCIPAL]}
                scope = {**scope, "state": state}
            await app(scope, receive, send)

        super().__init__(passed_on, **options)


async def arrived(connection: HTTPConnection) -> Arrived:
    """Give what a guard looks at of a request or WebSocket, which is its context.

    The body of a short form is read and kept, so that the endpoint can read it as well.
    """
    form = ""
    if isinstance(connection, Request):
        form, connection._receive = await asgi.form_of(connection.scope, connection.receive)  # noqa: SLF001 - as Starlette's own middleware
    seen = asgi.arrived(connection.scope, form)
    return seen._replace(path=connection.path_params, context=connection)


def _connection(arguments: tuple[Any, ...]) -> HTTPConnection:
    """Find the request among an endpoint's arguments; a method has `self` before it."""
    for argument in arguments[:2]:
        if isinstance(argument, HTTPConnection):
            return argument
    raise TypeError("requires() is for endpoints that take a request or a WebSocket first")


async def _answer(denial: Denial, connection: HTTPConnection) -> Response | None:
    if isinstance(connection, WebSocket):
        await asgi.deny(denial, connection.scope, connection.receive, connection.send)
        return None
    return Response(denial.body(), denial.status, dict(denial.headers))
