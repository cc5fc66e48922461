"""A guard's numbers, for Prometheus and OpenTelemetry where a program has them.

Read when they are asked for: counting costs the same with and without. Both are told the issuer,
never a caller and never a token.
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
    """A counter, or a gauge, and how to read it; `label` is empty or what it is parted by."""

    name: str
    says: str
    read: Callable[[Counters], Iterable[tuple[str, float]]]
    label: str = ""
    is_gauge: bool = False


def _plain(name: str) -> Callable[[Counters], Iterable[tuple[str, float]]]:
    return lambda tally: [("", getattr(tally, name))]


NUMBERS = (
    Number("verified", "Requests let through.", _plain("verified")),
    Number(
        "recalled",
        "Of those, known from before: JWTs verified, answers remembered.",
        _plain("recalled"),
    ),
    Number("introspected", "Questions sent to the issuer.", _plain("introspected")),
    Number("key_fetches", "Tries to fetch the issuer's keys.", _plain("key_fetches")),
    Number("key_failures", "Of those, failed.", _plain("key_failures")),
    Number("refused", "Requests refused.", lambda tally: list(tally.refused.items()), "reason"),
    Number(
        "feed_lag_seconds",
        "Time since the feed of revocations was heard.",
        lambda tally: [] if (lag := tally.lag()) is None else [("", lag)],
        is_gauge=True,
    ),
)


@cache
def publish() -> None:
    """Offer the numbers of every guard in this process, once, to what is installed."""
    for offer in (_to_prometheus, _to_opentelemetry):
        try:
            offer()
        except ImportError:
            continue
        except Exception as error:  # noqa: BLE001 - an API must not fail for its metrics
            _LOG.warning("the guard's counters cannot be offered: %s", error)


class Collector:
    """What Prometheus asks: `gatepass_guard_verified_total{issuer}` and its like."""

    def collect(self) -> "Iterator[Metric]":
        """Give every number as it stands."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        for number in NUMBERS:
            family = GaugeMetricFamily if number.is_gauge else CounterMetricFamily
            labels = ["issuer", *filter(None, [number.label])]
            metric = family(f"gatepass_guard_{number.name}", number.says, labels=labels)
            for issuer, parts in _summed(number).items():
                for part, value in parts.items():
                    metric.add_metric([issuer, *filter(None, [part])], value)
            yield metric


def register(registry: "CollectorRegistry") -> None:
    """Offer the numbers to a Prometheus registry other than the default one."""
    registry.register(Collector())


def _to_prometheus() -> None:
    from prometheus_client import REGISTRY

    register(REGISTRY)


def _to_opentelemetry() -> None:
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
        create(f"gatepass.guard.{number.name}", [observe(number)], description=number.says)


def _summed(number: Number) -> dict[str, dict[str, float]]:
    """Give a number by issuer and label; of guards of one issuer the sum, or the greatest lag."""
    found: dict[str, dict[str, float]] = {}
    for tally in list(ALL):
        parts = found.setdefault(tally.issuer, {})
        for part, value in number.read(tally):
            known = parts.get(part, 0.0)
            parts[part] = max(known, value) if number.is_gauge else known + value
    return found
