"""An HTTP connection with the fast path in front of the application."""

import asyncio
from time import perf_counter
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from gatepass.server.http import Request, Response, next_segment
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.observability.metrics import observe
from gatepass.server.observability.metrics.counters import result_of_error
from gatepass.server.serving.error_responses import Failure
from gatepass.server.serving.fast_path.routes import FastPath, FastRoute
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.head import Head
from gatepass.server.serving.http1.protocol import HttpProtocol
from gatepass.server.serving.oauth_endpoints import RETURNED
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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._direct = ClientInfo(self._scheme, self.source)

    def _respond_directly(self, head: Head, body: bytes) -> bool:
        """Respond to a complete request; return False, having done nothing, if it is not plain."""
        routes, url, headers = self._routes, head.target, head.headers
        if routes is None:
            return False
        query, prefixed = b"", None
        route = routes.by_path.get(url)
        if route is None:
            path, _, query = url.partition(b"?")
            route = routes.by_path.get(path)
            if route is None:
                prefixed = routes.by_prefix(path)
                if prefixed is None:
                    return False
                route, query = prefixed.route, next_segment(path, prefixed.prefix)
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
        request = _new(Request, (headers, query, body, source))
        return self._run_endpoint(route, environment, request)

    def _run_endpoint(
        self, route: FastRoute, environment: ServedEnvironment, request: Request
    ) -> bool:
        """Run the endpoint and write its response; return False if it needs blocking work.

        The application then gets what the endpoint has returned, and need not run it again.
        """
        fast_path, defaults = self._fast_path, self.server_state.default_headers
        started = perf_counter()
        try:
            response = route.endpoint(environment, request)
            if not isinstance(response, Response):
                self._extension = {RETURNED: response}
                return False
            written = fast_path.heads.write(response, defaults, environment.transport_headers)
        except Exception as error:  # noqa: BLE001 - `respond_to` logs it, as on ASGI
            result = result_of_error(error)
            failure = Failure(error, environment, route.path, request.source, request)
            response = route.adapt_error(fast_path.respond_to(failure))
            written = fast_path.heads.write(response, defaults, environment.transport_headers)
            observe(route.name, result, perf_counter() - started)
        else:
            route.observe(perf_counter() - started)
        fast_path.responses += 1
        self._await_request()
        self.transport.write(written)
        return True

    def _client_info(self, headers: dict[bytes, bytes]) -> ClientInfo:
        """Return the client's scheme and address, as the trusted proxies report them."""
        proxies = cast("ProxyHeaders", self.app).proxies
        return proxies.client_info(
            self.source or None,
            self._direct.scheme,
            headers.get(proxies.address_header),
            headers.get(proxies.scheme_header),
        )
