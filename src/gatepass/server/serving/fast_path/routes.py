"""The routes of the fast path, made from the application's table of OAuth endpoints."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gatepass.server.environment.environment import NAMES
from gatepass.server.http import Response
from gatepass.server.oauth.routes import Endpoint, Route
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.observability import metrics
from gatepass.server.serving.error_responses import Failure, respond_to
from gatepass.server.serving.fast_path.response_heads import ResponseHeads
from gatepass.server.serving.oauth_endpoints import RouteTable
from gatepass.server.serving.proxy_headers import ProxyHeaders


class FastRoute(NamedTuple):
    """An endpoint, and the methods that the fast path takes; never HEAD, which has no body.

    `observe` has by the name of each environment what counts a response by its seconds.
    `adapt_error` makes an error response one that the caller accepts. If `has_cors`, the
    application responds to pages of other origins.
    """

    endpoint: Endpoint
    path: str
    methods: frozenset[bytes]
    name: str  # in metrics
    observe: Mapping[str, Callable[[float], None]]
    adapt_error: Callable[[Response], Response]
    has_cors: bool


class FastPrefixRoute(NamedTuple):
    """A route for all paths that begin with `prefix`, of one environment whatever the host is.

    The segment after `prefix` is used as the query; the rest of the path is ignored.
    """

    prefix: bytes
    route: FastRoute
    environment: ServedEnvironment


class FastRoutes:
    """The routes of one application by their raw paths."""

    def __init__(self, table: RouteTable) -> None:
        self.by_host = table.by_host
        self.by_path = {
            path.encode(): _fast_route(route, path)
            for path, route in table.by_path.items()
            if route.fast_methods
        }
        self._prefixes = tuple(
            FastPrefixRoute(prefix, _fast_route(route, path), environment)
            for prefix, (route, environment, path) in table.by_prefix.items()
            if environment is not None
        )

    def by_prefix(self, path: bytes) -> FastPrefixRoute | None:
        """Return the route whose prefix a raw path begins with, None if there is none."""
        return next((each for each in self._prefixes if path.startswith(each.prefix)), None)


class FastPath:
    """What the connections of one server share: routes, response heads, and a count of responses.

    `respond_to` logs an exception of an endpoint and returns the response to it.
    """

    def __init__(self, respond_to: Callable[[Failure], Response] = respond_to) -> None:
        self.respond_to = respond_to
        self.heads = ResponseHeads()
        self.responses = 0
        self._routes: FastRoutes | None = None
        self._app: object = None

    def routes(self, app: Any) -> FastRoutes | None:  # noqa: ANN401 - an ASGI application
        """Return an application's routes; None if it has none, is wrapped, or waits for a database.

        What wraps an application acts on each request, except for ProxyHeaders, whose part the
        protocol does itself.
        """
        if isinstance(app, ProxyHeaders):
            app = app.app
        if getattr(app, "is_waiting", False):
            return None
        if app is not self._app:
            table = getattr(app, "routes", None)
            self._routes = FastRoutes(table) if isinstance(table, RouteTable) else None
            self._app = app
        return self._routes


def _fast_route(route: Route, path: str) -> FastRoute:
    return FastRoute(
        route.endpoint,
        path,
        route.fast_methods,
        route.name,
        {name: metrics.observer(name, route.name) for name in NAMES.values()},
        route.adapt_error,
        has_cors=bool(route.origins),
    )
