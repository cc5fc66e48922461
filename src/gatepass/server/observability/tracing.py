"""Traces by the API of OpenTelemetry: each request is a span, as its HTTP conventions say.

A span has no header, query or body, which may contain a credential; a path as the access log has
it.
"""

from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from gatepass.server.environment.environment import Environment
from gatepass.server.http import App, Message, Receive, Scope, Send
from gatepass.server.observability.access_log import SERVED, Served, safe_path
from gatepass.server.observability.metrics.counters import result_of
from gatepass.server.observability.metrics.endpoint_names import name_of

_PARENT = {b"traceparent", b"tracestate"}
_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
_OTHER_METHOD = "_OTHER"  # of the conventions: a name of a client's would be a value without bound


class Traced:
    """An ASGI application whose requests are spans."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._tracer = trace.get_tracer("gatepass")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request within a span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def record_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        parent = {n.decode(): v.decode("latin-1") for n, v in scope["headers"] if n in _PARENT}
        method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
        with self._tracer.start_as_current_span(
            _name(method),
            context=propagate.extract(parent),
            kind=SpanKind.SERVER,
            attributes=_attributes(scope, method),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self._app(scope, receive, record_status)
            finally:
                _finish(span, scope, method, status)


def _name(method: str, route: str = "") -> str:
    known = "HTTP" if method == _OTHER_METHOD else method
    return f"{known} {route}" if route else known


def _attributes(scope: Scope, method: str) -> dict[str, str | int]:
    """Return what is known before the request is handled, so that samplers may use it."""
    raw_path = scope.get("raw_path")
    path = raw_path.decode("latin-1") if raw_path else scope["path"]
    found: dict[str, str | int] = {
        "http.request.method": method,
        "url.scheme": scope["scheme"],
        "url.path": safe_path(path),
        "network.protocol.version": scope["http_version"],
    }
    if scope.get("server"):
        address, port = scope["server"]
        found |= {"server.address": address, **({"server.port": port} if port else {})}
    if scope.get("client"):
        found["client.address"] = scope["client"][0]
    return found


def _address(scope: Scope, environment: Environment) -> dict[str, str | int]:
    """Return the address by which the client named the server, if it is one of the settings."""
    given = {value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"}
    host = next((each for each in environment.hosts if each in given), None)
    if host is None:
        return {}
    parts = urlsplit(f"//{host}")
    address: dict[str, str | int] = {"server.address": parts.hostname or host}
    default = 443 if scope["scheme"] == "https" else 80
    return {**address, "server.port": parts.port or default}


def _finish(span: Span, scope: Scope, method: str, status: int) -> None:
    """Complete the span with what is known after the request."""
    served: Served = scope.get(SERVED) or Served(name_of(scope["path"]), "", None, scope["path"])
    if served.is_route:
        span.update_name(_name(method, served.path))
        span.set_attribute("http.route", served.path)
    span.set_attribute("url.path", safe_path(served.path))
    if status:
        span.set_attribute("http.response.status_code", status)
    span.set_attribute("gatepass.endpoint", served.endpoint)
    span.set_attribute("gatepass.result", served.result or result_of(status))
    if served.environment is not None:
        span.set_attribute("gatepass.environment", served.environment.name)
        span.set_attributes(_address(scope, served.environment))
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))
