"""A guard's metrics, for Prometheus and OpenTelemetry if they are installed.

Read when they are scraped: counting costs the same with and without. They name the issuer, never
a caller and never a token.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from gatepass.guard.model.status import ALL, Counters

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import CollectorRegistry

_LOG = logging.getLogger("gatepass.guard")


class Number(NamedTuple):
    """A counter or a gauge, and how to read it; `label` is the label of its parts, or empty."""

    name: str
    help: str
    read: Callable[[Counters], Iterable[tuple[str, float]]]
    label: str = ""
    is_gauge: bool = False


def _counter(name: str) -> Callable[[Counters], Iterable[tuple[str, float]]]:
    return lambda counters: [("", getattr(counters, name))]


NUMBERS = (
    Number("verified", "Requests let through.", _counter("verified")),
    Number("cached", "Of those, with a cached verification of their token.", _counter("cached")),
    Number("introspected", "Introspection requests sent.", _counter("introspected")),
    Number("key_fetches", "Fetches of the issuer's keys.", _counter("key_fetches")),
    Number("key_failures", "Of those, failed.", _counter("key_failures")),
    Number("refused", "Requests refused.", lambda counts: list(counts.refused.items()), "reason"),
    Number(
        "feed_lag_seconds",
        "Time since the revocation feed was last current.",
        lambda counts: [] if (lag := counts.lag()) is None else [("", lag)],
        is_gauge=True,
    ),
)


@cache
def publish() -> None:
    """Publish the metrics of every guard in this process, once, to what is installed."""
    for register_with in (_prometheus, _opentelemetry):
        try:
            register_with()
        except ImportError:
            continue
        except Exception as error:  # noqa: BLE001 - an API must not fail for its metrics
            _LOG.warning("the guard's metrics cannot be published: %s", error)


class Collector:
    """A Prometheus collector: `gatepass_guard_verified_total{issuer}` and the like."""

    def collect(self) -> "Iterator[Metric]":
        """Yield every metric with its present value."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        for number in NUMBERS:
            family = GaugeMetricFamily if number.is_gauge else CounterMetricFamily
            labels = ["issuer", *filter(None, [number.label])]
            metric = family(f"gatepass_guard_{number.name}", number.help, labels=labels)
            for issuer, parts in _summed(number).items():
                for part, value in parts.items():
                    metric.add_metric([issuer, *filter(None, [part])], value)
            yield metric


def register(registry: "CollectorRegistry") -> None:
    """Register the metrics with a Prometheus registry other than the default one."""
    registry.register(Collector())


def _prometheus() -> None:
    from prometheus_client import REGISTRY

    register(REGISTRY)


def _opentelemetry() -> None:
    from opentelemetry.metrics import Observation, get_meter

    meter = get_meter("gatepass.guard")

    def observe(number: Number) -> "Callable[[CallbackOptions], list[Observation]]":
        def read(_options: "CallbackOptions") -> "list[Observation]":
            return [
                Observation(value, {"issuer": issuer} | ({number.label: part} if part else {}))
                for issuer, parts in _summed(number).items()
                for part, value in parts.items()
            ]

        return read

    for number in NUMBERS:
        create = (
            meter.create_observable_gauge if number.is_gauge else meter.create_observable_counter
        )
        create(f"gatepass.guard.{number.name}", [observe(number)], description=number.help)


def _summed(number: Number) -> dict[str, dict[str, float]]:
    """Return a metric by issuer and label: of guards of one issuer the sum, or the greatest lag."""
    found: dict[str, dict[str, float]] = {}
    for counters in list(ALL):
        parts = found.setdefault(counters.issuer, {})
        for part, value in number.read(counters):
            known = parts.get(part, 0.0)
            parts[part] = max(known, value) if number.is_gauge else known + value
    return found
