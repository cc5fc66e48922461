"""The metrics in the text format of Prometheus."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gatepass.server.observability.metrics.counters import BOUNDS, Row
from gatepass.server.observability.metrics.families import FAMILIES, Family
from gatepass.server.observability.metrics.snapshot import Snapshot

_BOUNDS = [*map(str, BOUNDS), "+Inf"]


def to_text(snapshot: Snapshot) -> bytes:
    """Return the metrics in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(snapshot))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        values: dict[str, list[tuple[tuple[str, ...], float]]] = {name: [] for name in FAMILIES}
        for (name, labels), value in self._snapshot.values.items():
            values[name].append((labels, value))
        for name, family in FAMILIES.items():
            if family.kind == "histogram":
                yield _histogram(family, self._snapshot.rows)
            else:
                yield _family(family, values[name])


def _family(family: Family, values: list[tuple[tuple[str, ...], float]]) -> Metric:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    made = kind(family.name, family.text, labels=family.labels)
    for labels, value in values:
        made.add_metric(labels, value)
    return made


def _histogram(family: Family, rows: tuple[Row, ...]) -> Metric:
    made = HistogramMetricFamily(family.name, family.text, labels=family.labels)
    for row in rows:
        buckets = list(zip(_BOUNDS, accumulate(map(float, row.buckets)), strict=True))
        made.add_metric([row.environment, row.endpoint, row.result], buckets, row.seconds)
    return made
