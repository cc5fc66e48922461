"""The metrics in the text format of Prometheus."""

from collections.abc import Iterable, Iterator
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
from gatepass.server.observability.metrics.snapshot import Queue, Snapshot, State

_BOUNDS = [*map(str, BOUNDS), "+Inf"]
_LOOKUPS = {"hits": "hit", "misses": "miss"}
_COUNTERS = {
    "evictions": (
        "gatepass_application_cache_evictions",
        "Applications that made room in memory for others.",
    ),
    "miss_seconds": (
        "gatepass_application_cache_miss_seconds",
        "Seconds spent reading applications that were not in memory.",
    ),
}
_CONNECTIONS = {
    "open": "Open connections.",
    "limit": "Connections that may be open at the same time.",
}
_GAUGES = {
    "lag": ("gatepass_feed_lag_seconds", "Seconds since the in-memory state was last confirmed."),
    "key_age": ("gatepass_key_age_seconds", "Age of the newest key that signs or seals tokens."),
    "database_up": ("gatepass_database_up", "1 while the database responds."),
    "database_writable": (
        "gatepass_database_writable",
        "1 while the database accepts changes; tested every 10 seconds.",
    ),
    "revocations": ("gatepass_revocations", "Revoked tokens that have not expired."),
    "clock_offset": (
        "gatepass_clock_offset_seconds",
        "Seconds by which the environment's time is ahead of this machine's clock.",
    ),
    "cached": ("gatepass_application_cache_entries", "Applications kept in memory."),
    "cache_bytes": (
        "gatepass_application_cache_bytes",
        "About how much memory the kept applications take.",
    ),
    "waiting": ("gatepass_guards_waiting", "Guards that wait for changes in the revocation feed."),
}


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
        counts, states, queues, workers = self._snapshot
        yield _requests(counts.rows)
        yield _counter("gatepass_tokens_issued", "Tokens issued.", "kind", counts.tokens)
        refused = "Requests to the OAuth endpoints that were refused."
        yield _counter("gatepass_refusals", refused, "reason", counts.refusals)
        ended = "Connections that the server has ended."
        yield _counter("gatepass_connections_ended", ended, "reason", counts.endings)
        for name, text in _CONNECTIONS.items():
            yield GaugeMetricFamily(f"gatepass_connections_{name}", text, counts.connections[name])
        yield _lookups(states)
        for name, (metric, text) in _COUNTERS.items():
            counter = CounterMetricFamily(metric, text, labels=["environment"])
            _add_each(counter, states, name)
            yield counter
        for name, (metric, text) in _GAUGES.items():
            gauge = GaugeMetricFamily(metric, text, labels=["environment"])
            _add_each(gauge, states, name)
            yield gauge
        yield from _queues(queues)
        yield GaugeMetricFamily("gatepass_workers", "Workers that these metrics are of.", workers)


def _add_each(
    metric: CounterMetricFamily | GaugeMetricFamily, states: dict[str, State], name: str
) -> None:
    for environment, state in states.items():
        metric.add_metric([environment], getattr(state, name))


def _requests(rows: Iterable[Row]) -> Metric:
    made = HistogramMetricFamily(
        "gatepass_request_duration_seconds",
        "Duration of requests by endpoint and result.",
        labels=["endpoint", "result"],
    )
    for row in rows:
        buckets = list(zip(_BOUNDS, accumulate(map(float, row.buckets)), strict=True))
        made.add_metric([row.endpoint, row.result], buckets, row.seconds)
    return made


def _counter(name: str, text: str, label: str, counts: dict[str, int]) -> Metric:
    made = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        made.add_metric([value], count)
    return made


def _queues(queues: dict[str, Queue]) -> Iterator[Metric]:
    text = "Pieces of work that wait for a thread."
    waiting = GaugeMetricFamily("gatepass_queue_waiting", text, labels=["queue"])
    for name, queue in queues.items():
        waiting.add_metric([name], queue.waiting)
    yield waiting
    text = "Requests that were refused (503) because the queue was full."
    refused = {name: queue.refused for name, queue in queues.items()}
    yield _counter("gatepass_queue_refused", text, "queue", refused)


def _lookups(states: dict[str, State]) -> Metric:
    text = "Lookups in the application cache; a miss reads the database."
    name = "gatepass_application_cache_lookups"
    made = CounterMetricFamily(name, text, labels=["environment", "result"])
    for environment, state in states.items():
        for field, result in _LOOKUPS.items():
            made.add_metric([environment, result], getattr(state, field))
    return made
