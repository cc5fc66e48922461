"""Traces by the API of OpenTelemetry: each request is a span, where the operator wants that.

A span has the name of the endpoint, the method, the status and the result: never a path, a
header or a body, in which a credential may be.
"""

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from gatepass.server.http import App, Message, Receive, Scope, Send
from gatepass.server.observability.metrics.counters import result_of
from gatepass.server.observability.metrics.endpoint_names import OTHER

_PARENT = {b"traceparent", b"tracestate"}


class Traced:
    """An ASGI application whose requests are spans; the exporter is the operator's choice."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._tracer = trace.get_tracer("gatepass")

    async def __call__(self, scope: Scope, receive: Receive, to: Send) -> None:
        """Pass the request on within a span."""
        if scope["type"] != "http":
            await self._app(scope, receive, to)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await to(message)

        parent = {n.decode(): v.decode("latin-1") for n, v in scope["headers"] if n in _PARENT}
        with self._tracer.start_as_current_span(
            OTHER,
            context=propagate.extract(parent),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            await self._app(scope, receive, noting)
            span.update_name(scope.get("gatepass.endpoint", OTHER))
            result = scope.get("gatepass.result") or result_of(status)
            span.set_attribute("http.request.method", scope["method"])
            span.set_attribute("http.response.status_code", status)
            span.set_attribute("gatepass.result", result)
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
