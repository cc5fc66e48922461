"""The figures in the text format of Prometheus."""

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
_COUNTED = {
    "hits": "hit",
    "misses": "miss",
}
_CONNECTIONS = {
    "open": "Open connections.",
    "most": "Connections that may be open at a time.",
}
_GAUGES = {
    "lag": ("gatepass_feed_lag_seconds", "Seconds since memory was last known to be right."),
    "key_age": ("gatepass_key_age_seconds", "Age of the newest key that makes tokens."),
    "database_up": ("gatepass_database_up", "1 while the database answers."),
    "database_writable": (
        "gatepass_database_writable",
        "1 while the database takes changes; tried every 10 seconds.",
    ),
    "revocations": ("gatepass_revocations", "Revoked tokens that have not expired."),
    "clock_offset": (
        "gatepass_clock_offset_seconds",
        "Seconds by which the environment's time is ahead of this machine's clock.",
    ),
    "waiting": ("gatepass_guards_waiting", "Guards that wait for news of the revocation feed."),
}


def written(figures: Snapshot) -> bytes:
    """Give the figures in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(figures))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, figures: Snapshot) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Give every metric."""
        counts, states, queues, workers = self._figures
        yield _requests(counts.rows)
        yield _counter("gatepass_tokens_issued", "Tokens issued.", "kind", counts.tokens)
        refused = "Requests to the OAuth endpoints that were refused."
        yield _counter("gatepass_refusals", refused, "reason", counts.refusals)
        ended = "Connections that the server has ended."
        yield _counter("gatepass_connections_ended", ended, "reason", counts.endings)
        for name, said in _CONNECTIONS.items():
            yield GaugeMetricFamily(f"gatepass_connections_{name}", said, counts.connections[name])
        yield _directory(states)
        for name, (metric, said) in _GAUGES.items():
            gauge = GaugeMetricFamily(metric, said, labels=["environment"])
            for environment, state in states.items():
                gauge.add_metric([environment], getattr(state, name))
            yield gauge
        yield from _queues(queues)
        yield GaugeMetricFamily("gatepass_workers", "Workers these figures are of.", workers)


def _requests(rows: Iterable[Row]) -> Metric:
    made = HistogramMetricFamily(
        "gatepass_request_duration_seconds",
        "How long requests took, by endpoint and result.",
        labels=["endpoint", "result"],
    )
    for row in rows:
        buckets = list(zip(_BOUNDS, accumulate(map(float, row.buckets)), strict=True))
        made.add_metric([row.endpoint, row.result], buckets, row.seconds)
    return made


def _counter(name: str, said: str, label: str, counts: dict[str, int]) -> Metric:
    made = CounterMetricFamily(name, said, labels=[label])
    for value, count in counts.items():
        made.add_metric([value], count)
    return made


def _queues(queues: dict[str, Queue]) -> Iterator[Metric]:
    said = "Pieces of work that wait for a thread."
    waiting = GaugeMetricFamily("gatepass_queue_waiting", said, labels=["queue"])
    for name, queue in queues.items():
        waiting.add_metric([name], queue.waiting)
    yield waiting
    said = "Requests that were answered 503 because the queue was full."
    refused = {name: queue.refused for name, queue in queues.items()}
    yield _counter("gatepass_queue_refused", said, "queue", refused)


def _directory(states: dict[str, State]) -> Metric:
    said = "Look-ups of applications in memory; a miss reads the database."
    made = CounterMetricFamily("gatepass_directory_lookups", said, labels=["environment", "result"])
    for environment, state in states.items():
        for name, result in _COUNTED.items():
            made.add_metric([environment, result], getattr(state, name))
    return made
