"""What is exported, and by which exporters: as the variables of OpenTelemetry say.

The exporters are found as `opentelemetry-instrument` finds them, by their entry points. Different
from it, the protocol is http/protobuf unless one is named, which is what the specification says.
"""

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import entry_points, version
from typing import Any, Literal
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from gatepass.server.observability.telemetry.log_handler import EventHandler

Signal = Literal["traces", "metrics", "logs"]
SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")

_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_PACKAGES = {"otlp_proto_grpc": "opentelemetry-exporter-otlp-proto-grpc"}


_END_WITHIN = 2.0  # seconds for what is left to be sent; a collector that is away takes more


class TelemetryError(Exception):
    """A variable that cannot be used; the message is one line that says what to do."""


def check() -> None:
    """Raise TelemetryError for an exporter that does not exist."""
    for signal in SIGNALS:
        list(_exporters(signal))


def is_exported(signal: Signal) -> bool:
    """Return whether a signal has an exporter."""
    return bool(_names(signal))


def export_traces() -> bool:
    """Export spans from now on; return whether any exporter is named."""
    exporters = [make() for make in _exporters("traces")]
    if exporters:
        provider = TracerProvider(resource=resource(), shutdown_on_exit=False)
        for exporter in exporters:
            provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        _end_with_process(provider.shutdown)
    return bool(exporters)


def export_logs() -> None:
    """Export log events from now on."""
    exporters = [make() for make in _exporters("logs")]
    if exporters:
        provider = LoggerProvider(resource=resource(), shutdown_on_exit=False)
        for exporter in exporters:
            provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        logging.getLogger().addHandler(EventHandler(provider))
        _end_with_process(provider.shutdown)


def metric_exporters() -> list[MetricExporter]:
    """Return the exporters of metrics."""
    return [make() for make in _exporters("metrics")]


@cache
def resource() -> Resource:
    """Return what this process is. Each worker is one, so that their metrics stay apart."""
    own = Resource(
        {
            "service.name": "gatepass",
            "service.version": version("gatepass"),
            "service.instance.id": str(uuid4()),
            "process.pid": os.getpid(),
        }
    )
    return Resource.create(own.merge(OTELResourceDetector().detect()).attributes)


def _end_with_process(end: Callable[[], object]) -> None:
    """Let `end` send what is left when the process ends, but not hold up that for long.

    The thread is started now, as none can be then.
    """
    is_ending, is_done = threading.Event(), threading.Event()

    def wait_and_end() -> None:
        is_ending.wait()
        end()
        is_done.set()

    threading.Thread(target=wait_and_end, name="end of telemetry", daemon=True).start()

    @atexit.register
    def _at_exit() -> None:
        is_ending.set()
        is_done.wait(_END_WITHIN)


def _names(signal: Signal) -> list[str]:
    if _variable("OTEL_SDK_DISABLED").lower() == "true":
        return []
    text = _variable(f"OTEL_{signal.upper()}_EXPORTER") or "otlp"
    names = [name.strip() for name in text.split(",")]
    return [name for name in names if name and name != "none"]


def _exporters(signal: Signal) -> Iterator[Callable[[], Any]]:
    for name in _names(signal):
        known = _otlp(signal) if name == "otlp" else name
        found = entry_points(group=f"opentelemetry_{signal}_exporter", name=known)
        if not found:
            hint = f": pip install {_PACKAGES[known]}" if known in _PACKAGES else ""
            raise TelemetryError(
                f"OTEL_{signal.upper()}_EXPORTER: there is no exporter {known}{hint}."
            )
        yield next(iter(found)).load()


def _otlp(signal: Signal) -> str:
    protocol = (
        _variable(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL")
        or _variable("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    if protocol not in _PROTOCOLS:
        raise TelemetryError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL: {protocol!r} is not one of {', '.join(_PROTOCOLS)}."
        )
    return _PROTOCOLS[protocol]


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()
