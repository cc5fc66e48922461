"""Traces by the API of OpenTelemetry: with the setting `traces`, each request is a span.

A span has the name of the endpoint, the method, the status and the result; never a path, a header
or a body, which may contain a credential.
"""

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from gatepass.server.http import App, Message, Receive, Scope, Send
from gatepass.server.observability.metrics.counters import result_of
from gatepass.server.observability.metrics.endpoint_names import OTHER

_PARENT = {b"traceparent", b"tracestate"}


class Traced:
    """An ASGI application whose requests are spans; the operator configures the exporter."""

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
        with self._tracer.start_as_current_span(
            OTHER,
            context=propagate.extract(parent),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            await self._app(scope, receive, record_status)
            span.update_name(scope.get("gatepass.endpoint", OTHER))
            result = scope.get("gatepass.result") or result_of(status)
            span.set_attribute("http.request.method", scope["method"])
            span.set_attribute("http.response.status_code", status)
            span.set_attribute("gatepass.result", result)
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
