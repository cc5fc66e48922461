"""The metrics of one worker as a value that other workers can read and add up."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gatepass.server.environment.environment import Environment
from gatepass.server.observability.metrics import environment as of_environment
from gatepass.server.observability.metrics import process
from gatepass.server.observability.metrics.counters import BOUNDS, Counters, Row
from gatepass.server.observability.metrics.families import FAMILIES, PID, Key

_WORKERS: Key = ("gatepass_workers", ())


class Snapshot(NamedTuple):
    """The metrics of a worker, or of several together."""

    rows: tuple[Row, ...]
    values: dict[Key, float]


def take(counters: Counters, environments: Sequence[Environment]) -> Snapshot:
    """Return the metrics of this worker."""
    values = dict(counters.values())
    for each in environments:
        values.update(of_environment.values(each))
    values.update(of_environment.shared(environments[0]))
    values.update(process.values())
    values[process.build()] = 1
    values[_WORKERS] = 1
    return Snapshot(counters.rows(), values)


def total(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Combine the metrics of several workers: counts are added, of states the worst is taken."""
    rows: dict[tuple[str, ...], Row] = {}
    values: dict[Key, float] = {}
    for each in snapshots:
        for row in each.rows:
            key = row[:3]
            rows[key] = _sum(rows[key], row) if key in rows else row
        for name, value in each.values.items():
            known = values.get(name)
            values[name] = value if known is None else FAMILIES[name[0]].combine(known, value)
    return Snapshot(tuple(rows.values()), values)


def counted(snapshot: Snapshot) -> Snapshot:
    """Return what remains of a worker that has ended: what it counted, but not of its process."""
    values = {
        key: value
        for key, value in snapshot.values.items()
        if FAMILIES[key[0]].kind == "counter" and PID not in FAMILIES[key[0]].labels
    }
    return snapshot._replace(values=values)


def write(snapshot: Snapshot) -> str:
    """Return a snapshot as text."""
    values = [[name, labels, value] for (name, labels), value in snapshot.values.items()]
    return json.dumps([snapshot.rows, values])


def read(text: str) -> Snapshot | None:
    """Return the snapshot of a text, or None if it is none.

    Of another version's, as while workers are replaced after an upgrade, metrics that this one
    does not have are left out.
    """
    try:
        rows, values = json.loads(text)
        return Snapshot(
            tuple(map(_row, rows)),
            {
                (name, tuple(map(str, labels))): float(value)
                for name, labels, value in values
                if name in FAMILIES and len(labels) == len(FAMILIES[name].labels)
            },
        )
    except (ValueError, TypeError, AttributeError):
        return None


def _row(given: list[Any]) -> Row:
    environment, endpoint, result, buckets, seconds = given
    if len(buckets) != len(BOUNDS) + 1:
        raise ValueError
    return Row(environment, endpoint, result, tuple(map(int, buckets)), float(seconds))


def _sum(one: Row, other: Row) -> Row:
    buckets = tuple(map(sum, zip(one.buckets, other.buckets, strict=True)))
    return one._replace(buckets=buckets, seconds=one.seconds + other.seconds)
