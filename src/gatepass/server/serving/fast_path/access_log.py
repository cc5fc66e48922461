"""The fast path with the access log; without the setting none of this is loaded."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from gatepass.server.http import Headers, Request, Response, Result
from gatepass.server.oauth.authentication.client_of_request import client_of
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.observability import access_log
from gatepass.server.observability.access_log import AccessLog, Line, Served
from gatepass.server.serving.fast_path.protocol import Begun, FastPathProtocol
from gatepass.server.serving.fast_path.response_heads import ResponseHeads
from gatepass.server.serving.fast_path.routes import FastPath, FastRoute, FastRoutes
from gatepass.server.serving.http1.head import Head
from gatepass.server.serving.proxy_headers import ProxyHeaders


class _LoggedHeads(ResponseHeads):
    """Writes a line for each response that it writes; `begun` is the request of the next one."""

    begun: Begun

    def write(
        self, response: Response, defaults: list[tuple[bytes, bytes]], more: Headers = ()
    ) -> bytes:
        """Return the bytes of a response, and write its line."""
        written = super().write(response, defaults, more)
        route, environment, request, head, started = self.begun
        served = Served(route.name, "", environment, route.path, request)
        size, seconds = len(response.body), perf_counter() - started
        method = head.method.decode()
        line = Line(served, method, response.status, seconds, size, request.source)
        access_log.write(line, client_of)
        return written


class LoggedFastPath(FastPath):
    """What the connections share; it sees through the access log of the application."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: _LoggedHeads = _LoggedHeads()

    def routes(self, app: Any) -> FastRoutes | None:  # noqa: ANN401 - an ASGI application
        """Return an application's routes, also if the access log wraps it."""
        inner = app.app if isinstance(app, ProxyHeaders) else app
        return super().routes(inner.app if isinstance(inner, AccessLog) else app)


class LoggedFastPathProtocol(FastPathProtocol):
    """A connection whose requests are written to the access log."""

    _fast_path: LoggedFastPath

    def _run_endpoint(
        self, route: FastRoute, environment: ServedEnvironment, request: Request, head: Head
    ) -> bool:
        begun = Begun(route, environment, request, head, perf_counter())
        self._fast_path.heads.begun = begun
        return super()._run_endpoint(route, environment, request, head)

    def _resume(
        self,
        waiting: Begun,
        then: Callable[[], Result] | None,
        lookup: "asyncio.Future[None]",
    ) -> None:
        self._fast_path.heads.begun = waiting
        super()._resume(waiting, then, lookup)
