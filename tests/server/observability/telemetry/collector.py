"""A collector of OpenTelemetry: receives OTLP over HTTP and keeps what came."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Messages of the official protocol, in the order in which they came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.traces: list[Any] = []
        self.metrics: list[Any] = []
        self.logs: list[Any] = []

    def receive(self, path: str, body: bytes) -> None:
        kinds: dict[str, tuple[Any, list[Any]]] = {
            "/v1/traces": (ExportTraceServiceRequest, self.traces),
            "/v1/metrics": (ExportMetricsServiceRequest, self.metrics),
            "/v1/logs": (ExportLogsServiceRequest, self.logs),
        }
        kind, kept = kinds[path]
        kept.append(kind.FromString(body))

    def spans(self) -> list[Any]:
        return [
            span
            for message in list(self.traces)
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def records(self) -> list[Any]:
        return [
            record
            for message in list(self.logs)
            for resource in message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def by_process(self) -> dict[int, dict[str, Any]]:
        """Return the newest metrics of each process, by their names."""
        return {
            attributes(resource.resource)["process.pid"]: {
                metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics
            }
            for message in list(self.metrics)
            for resource in message.resource_metrics
        }


def attributes(of: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever has attributes
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value")
        for each in of.attributes
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            collector.receive(self.path, body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
