"""The metrics of /metrics by OpenTelemetry: the same names, values and labels, of this worker.

They are counted once, in memory, and read at each export. The instruments of OpenTelemetry's SDK
are not used: to count a request by them takes longer than to issue a token, and an instrument that
is read when it is exported cannot be a histogram.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import structlog
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from gatepass.server.observability.metrics.counters import BOUNDS, Row
from gatepass.server.observability.metrics.families import FAMILIES, PID, Family
from gatepass.server.observability.metrics.snapshot import Snapshot

_EVERY = 60_000.0  # ms
_TIMEOUT = 30_000.0  # ms
_END_WITHIN = 2.0  # seconds for the last export
_UNITS = {"seconds": "s", "bytes": "By"}

log = structlog.get_logger("gatepass.server")


class MetricExport:
    """Exports what `own` returns, at each interval and when it ends."""

    def __init__(
        self, own: Callable[[], Snapshot], exporters: list[MetricExporter], resource: Resource
    ) -> None:
        self._own = own
        self._exporters = exporters
        self._resource = resource
        self._since = time.time_ns()
        self._every = _milliseconds("OTEL_METRIC_EXPORT_INTERVAL", _EVERY) / 1000
        self._timeout = _milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", _TIMEOUT)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="export metrics", daemon=True)
        self._is_failing = False

    def start(self) -> None:
        """Begin to export."""
        self._thread.start()

    def stop(self) -> None:
        """Export once more, and end; an export that takes long is not waited for."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._export()
        self._export()
        for exporter in self._exporters:
            exporter.shutdown()

    def _export(self) -> None:
        data = metrics_data(self._own(), self._resource, self._since, time.time_ns())
        is_done = True
        for exporter in self._exporters:
            result = MetricExportResult.FAILURE
            with suppress(Exception):  # the next one is tried; its cause is in the exporter's log
                result = exporter.export(data, timeout_millis=self._timeout)
            is_done = is_done and result is MetricExportResult.SUCCESS
        if not is_done and not self._is_failing:
            log.warning("telemetry.unexported", signal="metrics")
        self._is_failing = not is_done


def metrics_data(snapshot: Snapshot, resource: Resource, since: int, now: int) -> MetricsData:
    """Return a worker's metrics, counted since `since`; both times are Unix nanoseconds."""
    points: dict[str, list[Any]] = {}
    for (name, values), value in snapshot.values.items():
        attributes = _attributes(FAMILIES[name], values)
        points.setdefault(name, []).append(NumberDataPoint(attributes, since, now, float(value)))
    scope = ScopeMetrics(
        InstrumentationScope("gatepass"), list(_metrics(points, snapshot, since, now)), ""
    )
    return MetricsData([ResourceMetrics(resource, [scope], resource.schema_url)])


def _metrics(
    points: dict[str, list[Any]], snapshot: Snapshot, since: int, now: int
) -> Iterator[Metric]:
    cumulative = AggregationTemporality.CUMULATIVE
    for name, family in FAMILIES.items():
        data: Any
        if family.kind == "histogram":
            data = Histogram(
                [_durations(family, row, since, now) for row in snapshot.rows], cumulative
            )
        elif name not in points:
            continue
        elif family.kind == "counter":
            data = Sum(points[name], cumulative, is_monotonic=True)
        else:
            data = Gauge(points[name])
        yield Metric(name, family.text, _UNITS.get(name.rpartition("_")[2], "1"), data)


def _durations(family: Family, row: Row, since: int, now: int) -> HistogramDataPoint:
    unknown: Any = None  # least and most
    return HistogramDataPoint(
        attributes=_attributes(family, row[:3]),
        start_time_unix_nano=since,
        time_unix_nano=now,
        count=sum(row.buckets),
        sum=row.seconds,
        bucket_counts=row.buckets,
        explicit_bounds=BOUNDS,
        min=unknown,
        max=unknown,
    )


def _attributes(family: Family, values: tuple[str, ...]) -> dict[str, str]:
    """Return the labels that say something; the resource has the process id."""
    pairs = zip(family.labels, values, strict=True)
    return {label: value for label, value in pairs if value and label != PID}


def _milliseconds(name: str, default: float) -> float:
    try:
        return float(os.environ.get(name, "").strip() or default)
    except ValueError:
        log.warning("telemetry.ignored_variable", variable=name)
        return default
