"""`/metrics`: the figures of every worker as Prometheus text, for operators alone."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gatepass.server.arrival import Answer, Scope
from gatepass.server.environment import Environment
from gatepass.server.metrics import snapshot
from gatepass.server.metrics.figures import BOUNDS, FIGURES, Figures, Row
from gatepass.server.metrics.snapshot import Snapshot, State
from gatepass.server.metrics.workers import Workers

PATHS = frozenset({"/metrics", "/metrics/"})
_TEXT = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
_NOT_FOUND = Answer(404, ((b"content-type", b"text/plain"),), b"Not found.\n")
_BOUNDS = [*map(str, BOUNDS), "+Inf"]
_COUNTED = {
    "hits": "hit",
    "misses": "miss",
}
_GAUGES = {
    "lag": ("gatepass_feed_lag_seconds", "Seconds since memory was last known to be right."),
    "key_age": ("gatepass_key_age_seconds", "Age of the newest key that makes tokens."),
    "database_up": ("gatepass_database_up", "1 while the database answers."),
    "revocations": ("gatepass_revocations", "Revoked tokens that have not expired."),
}


class Metrics:
    """Answers `/metrics`, with the figures of the other workers where there are any."""

    def __init__(
        self,
        environments: Sequence[Environment],
        networks: Iterable[str],
        directory: Path | None = None,
        figures: Figures = FIGURES,
    ) -> None:
        self._environments = environments
        self._networks = [ip_network(each) for each in networks]
        self._figures = figures
        self._workers = Workers(directory, self._own) if directory else None

    def start(self) -> None:
        """Let the other workers know."""
        if self._workers:
            self._workers.start()

    def stop(self) -> None:
        """Let the other workers know that this one ends."""
        if self._workers:
            self._workers.stop()

    def answer(self, scope: Scope) -> Answer:
        """Answer a request for the figures; to a stranger there is no such page."""
        if not self._may_see(scope) or scope["method"] not in {"GET", "HEAD"}:
            return _NOT_FOUND
        others = self._workers.others() if self._workers else []
        return Answer(200, _TEXT, written(snapshot.total([self._own(), *others])))

    def _own(self) -> Snapshot:
        return snapshot.take(self._figures.counts(), self._environments)

    def _may_see(self, scope: Scope) -> bool:
        """Tell whether it comes from an operator's network, and not by way of a proxy.

        Behind a proxy everybody has its address, and one that names the client is believed
        for other pages alone.
        """
        if any(name in _FORWARDED for name, _ in scope["headers"]) or not scope["client"]:
            return False
        try:
            source = ip_address(scope["client"][0])
        except ValueError:
            return False
        if isinstance(source, IPv6Address) and source.ipv4_mapped:
            source = source.ipv4_mapped
        return any(source in network for network in self._networks)


def is_address(host: bytes) -> bool:
    """Tell whether a Host header has an address, as a scraper's may, and no name.

    A stranger's name may be made to lead here (DNS rebinding), so that a page of theirs in an
    operator's browser could read what loopback may read.
    """
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


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
        counts, states, workers = self._figures
        yield _requests(counts.rows)
        yield _counter("gatepass_tokens_issued", "Tokens issued.", "kind", counts.tokens)
        refused = "Requests to the OAuth endpoints that were refused."
        yield _counter("gatepass_refusals", refused, "reason", counts.refusals)
        yield _directory(states)
        for name, (metric, said) in _GAUGES.items():
            gauge = GaugeMetricFamily(metric, said, labels=["environment"])
            for environment, state in states.items():
                gauge.add_metric([environment], getattr(state, name))
            yield gauge
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


def _directory(states: dict[str, State]) -> Metric:
    said = "Look-ups of applications in memory; a miss reads the database."
    made = CounterMetricFamily("gatepass_directory_lookups", said, labels=["environment", "result"])
    for environment, state in states.items():
        for name, result in _COUNTED.items():
            made.add_metric([environment, result], getattr(state, name))
    return made
