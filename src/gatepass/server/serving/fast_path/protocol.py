"""An HTTP connection with the fast path in front of the application."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from gatepass.server.http import NeedsThread, Request, Response, Result, split_below
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.observability.metrics import observe
from gatepass.server.observability.metrics.counters import result_of_error
from gatepass.server.serving.error_responses import Failure
from gatepass.server.serving.fast_path.routes import FastPath, FastRoute
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.head import Head
from gatepass.server.serving.http1.lifecycle import ENDING, RESPONDING
from gatepass.server.serving.http1.protocol import HttpProtocol
from gatepass.server.serving.oauth_endpoints import RETURNED, Returned
from gatepass.server.serving.proxy_headers import ClientInfo, ProxyHeaders
from gatepass.wire.params import LONGEST_BODY

_new = tuple.__new__  # takes half the time of calling a NamedTuple


class FastPathProtocol(HttpProtocol):
    """A connection that responds to plain OAuth requests itself."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
        fast_path: FastPath,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, connections=connections)
        self._fast_path = fast_path
        self._routes = fast_path.routes(self.app)
        self._is_proxied = isinstance(self.app, ProxyHeaders)
        self._direct = ClientInfo("http", "")
        self._trusted: bool | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._direct = ClientInfo(self._scheme, self.source)

    def _respond_directly(self, head: Head, body: bytes) -> bool:
        """Respond to a complete request; return False, having done nothing, if it is not plain."""
        routes, url, headers = self._routes, head.target, head.headers
        if routes is None:
            return False
        query, prefixed, below = b"", None, None
        route = routes.by_path.get(url)
        if route is None:
            path, _, query = url.partition(b"?")
            route = routes.by_path.get(path)
            if route is None:
                prefixed = routes.by_prefix(path)
                if prefixed is None:
                    return False
                route = prefixed.route
                query, below = split_below(head.method.decode("latin-1"), path, prefixed.prefix)
        if prefixed is None:
            environment = routes.by_host.get(headers.get(b"host", b""))
        else:
            environment = prefixed.environment
        if (
            environment is None
            or not head.keep_alive
            or len(headers) < len(head.fields)  # a field is repeated
            or b"expect" in headers
            or len(body) > LONGEST_BODY
            or head.method not in route.methods
            or head.version != b"HTTP/1.1"
            or self.flow.write_paused
            or (route.has_cors and b"origin" in headers)
        ):
            return False
        scheme, source = self._client_info(headers) if self._is_proxied else self._direct
        if environment.is_https and scheme == "http":
            return False
        certificate = self._certificate
        if self._is_proxied and self._is_trusted():
            header = cast("ProxyHeaders", self.app).proxies.certificates
            certificate = header.read(headers) if header else None
        request = _new(Request, (headers, query, body, source, certificate, below))
        return self._run_endpoint(route, environment, request, head)

    def _run_endpoint(
        self, route: FastRoute, environment: ServedEnvironment, request: Request, head: Head
    ) -> bool:
        """Run the endpoint and write its response, at once or after a look-up.

        Return False if it needs other blocking work. The application then gets what the endpoint
        has returned, and need not run it again.
        """
        fast_path = self._fast_path
        started = perf_counter()
        try:
            response = route.endpoint(environment, request)
            if not isinstance(response, Response):
                started_by = Begun(route, environment, request, head, started)
                return self._wait(response, started_by)
            defaults = self.server_state.default_headers
            written = fast_path.heads.write(response, defaults, environment.transport_headers)
        except Exception as error:  # noqa: BLE001 - `respond_to` logs it, as on ASGI
            written = self._error(error, route, environment, request, started)
        else:
            route.observe[environment.name](perf_counter() - started)
        fast_path.responses += 1
        self._await_request()
        self.transport.write(written)
        return True

    def _wait(self, returned: Result, waiting: "Begun") -> bool:
        """Wait for the work that an endpoint needs, if it is done together with other requests."""
        if not isinstance(returned, NeedsThread) or returned.together is None or returned.is_remote:
            self._extension = {RETURNED: Returned(returned)}
            return False
        self._state = RESPONDING
        self._is_waiting = True
        self._await_response()
        returned.together().add_done_callback(partial(self._resume, waiting, returned.then))
        return True

    def _resume(
        self,
        waiting: "Begun",
        then: Callable[[], Result] | None,
        lookup: "asyncio.Future[None]",
    ) -> None:
        """Respond to a request of which the work is done.

        The application responds where that needs more work, or the connection ends with it.
        """
        route, environment, request, head, started = waiting
        if self._state is ENDING:
            lookup.exception()  # nobody else will retrieve it
            return
        self._is_waiting = False
        if self._is_draining:
            if then is not None:  # the application goes on from here
                waited = perf_counter() - started
                rest = NeedsThread(partial(lookup.result), then=then)
                self._extension = {RETURNED: Returned(rest, waited)}
            self._hand_over(head, request.body)
            return
        try:
            lookup.result()
            response = then() if then else route.endpoint(environment, request)
            if not isinstance(response, Response):
                waited = perf_counter() - started
                self._extension = {RETURNED: Returned(response, waited)}
                self._hand_over(head, request.body)
                return
            defaults = self.server_state.default_headers
            written = self._fast_path.heads.write(response, defaults, environment.transport_headers)
        except Exception as error:  # noqa: BLE001 - as in `_run_endpoint`
            written = self._error(error, route, environment, request, started)
        else:
            route.observe[environment.name](perf_counter() - started)
        self._fast_path.responses += 1
        self.transport.write(written)
        self._on_response()

    def _error(
        self,
        error: Exception,
        route: FastRoute,
        environment: ServedEnvironment,
        request: Request,
        started: float,
    ) -> bytes:
        """Return the bytes of the response to an endpoint's exception, and count it."""
        result, fast_path = result_of_error(error), self._fast_path
        failure = Failure(error, environment, route.path, request.source, request)
        response = route.adapt_error(fast_path.respond_to(failure))
        defaults = self.server_state.default_headers
        written = fast_path.heads.write(response, defaults, environment.transport_headers)
        observe(environment.name, route.name, result, perf_counter() - started)
        return written

    def _is_trusted(self) -> bool:
        """Return whether the peer is a trusted proxy, which is asked once for a connection."""
        if self._trusted is None:
            self._trusted = cast("ProxyHeaders", self.app).proxies.is_trusted(self.source or None)
        return self._trusted

    def _client_info(self, headers: dict[bytes, bytes]) -> ClientInfo:
        """Return the client's scheme and address, as the trusted proxies report them."""
        proxies = cast("ProxyHeaders", self.app).proxies
        return proxies.client_info(
            self.source or None,
            self._direct.scheme,
            headers.get(proxies.address_header),
            headers.get(proxies.scheme_header),
        )


class Begun(NamedTuple):
    """A request whose endpoint has begun; `started` is by `perf_counter`."""

    route: FastRoute
    environment: ServedEnvironment
    request: Request
    head: Head
    started: float
