"""Serves the OAuth endpoints on bare ASGI: reads a request, runs its endpoint, responds."""

import asyncio
import contextvars
from collections.abc import Mapping
from typing import NamedTuple

from gatepass.server.http import (
    ClientGoneError,
    Headers,
    NeedsThread,
    Receive,
    Request,
    Response,
    Result,
    Scope,
    Send,
    send_response,
)
from gatepass.server.oauth import cors
from gatepass.server.oauth.routes import Endpoint, Route
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.observability.metrics.counters import GONE, OK, result_of, result_of_error
from gatepass.server.serving import error_format
from gatepass.server.serving.error_responses import Failure, respond_to
from gatepass.server.storage import deadline
from gatepass.wire.errors import OAuthError

RETURNED = "gatepass.returned"
"""In a scope: a `Returned` of the fast path."""

REQUEST = "gatepass.request"
"""In a scope, after the request: the `Request` that was read."""

_MOST_CALLS = 9  # an endpoint needs two threads at most; a change may undo one in between


class Returned(NamedTuple):
    """What an endpoint returned on the fast path, as it needs (more) blocking work.

    `waited` are the seconds that the request has already waited for the database.
    """

    result: Result
    waited: float = 0.0


class Match(NamedTuple):
    """The route of a request, with its path for the log; None where the host is unknown."""

    route: Route
    environment: ServedEnvironment | None
    path: str


class RouteTable(NamedTuple):
    """The OAuth endpoints by path and by the prefix of a raw path; environments by Host header."""

    by_path: Mapping[str, Route]
    by_prefix: Mapping[bytes, Match]
    by_host: Mapping[bytes, ServedEnvironment]


async def serve(match: Match, scope: Scope, receive: Receive, send: Send) -> str:
    """Respond to a request for an OAuth endpoint; return the result, for metrics."""
    route, environment, path = match
    if environment is None:
        return await _send_error(route, error_format.misdirected(scope, (path,)), send, ())
    if environment.is_https and scope["scheme"] == "http":
        response = error_format.needs_tls(scope, (path,), environment.docs_url)
        return await _send_error(route, response, send, environment.transport_headers)
    cors_headers = cors.headers(route.origins, scope) if route.origins else ()
    if route.origins and scope["method"] == "OPTIONS":
        await send_response(cors.preflight(cors_headers), send, environment.transport_headers)
        return OK
    request, result = None, OK
    try:
        request = scope[REQUEST] = await route.read(scope, receive)
        given: Returned | None = scope.pop(RETURNED, None)
        returned, waited = given or (route.endpoint(environment, request), 0.0)
        if not isinstance(returned, Response):
            seconds = max(0.0, deadline.REQUEST - waited)
            with deadline.shared(seconds):  # only here, as to enter it takes a microsecond
                returned = await _complete(route.endpoint, environment, request, returned)
        response = returned
    except ClientGoneError:
        return GONE
    except Exception as error:  # noqa: BLE001 - `respond_to` logs it
        source = scope["client"][0] if scope["client"] else ""
        result = result_of_error(error)
        failure = Failure(error, environment, path, source, request)
        response = route.adapt_error(respond_to(failure))
    if cors_headers:
        response = response._replace(headers=(*response.headers, *cors_headers))
    await send_response(response, send, environment.transport_headers)
    return result


async def _send_error(route: Route, response: Response, send: Send, more: Headers) -> str:
    """Send an error as the callers of the endpoint accept it; return the result."""
    adapted = route.adapt_error(response)
    await send_response(adapted, send, more)
    return result_of(adapted.status)


async def _complete(
    endpoint: Endpoint, environment: ServedEnvironment, request: Request, returned: Result
) -> Response:
    """Run the blocking work that an endpoint needs, calling it again, until it responds."""
    for _ in range(_MOST_CALLS):
        if isinstance(returned, Response):
            return returned
        if not isinstance(returned, NeedsThread):
            return await returned.respond()
        if returned.together:
            await returned.together()
        else:
            run = contextvars.copy_context().run  # the thread has this request's deadline
            await asyncio.get_running_loop().run_in_executor(returned.pool, run, returned.work)
        returned = returned.then() if returned.then else endpoint(environment, request)
    raise OAuthError(
        "temporarily_unavailable", "Try again shortly.", log_detail="changes overtake loads"
    )
