"""The metrics of one worker as a value that other workers can read and add up."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from gatepass.concurrency.bounded_pool import BoundedPool
from gatepass.server.environment.environment import Environment
from gatepass.server.observability.metrics.counters import BOUNDS, Counts, Row

_LATE = 5.0  # seconds without a response, after which the database counts as away


class State(NamedTuple):
    """The state of an environment in a worker."""

    hits: int
    misses: int
    lag: float
    key_age: float
    database_up: int
    database_writable: int
    revocations: int
    waiting: int
    clock_offset: float
    cached: int
    cache_bytes: int
    evictions: int
    miss_seconds: float


class Queue(NamedTuple):
    """How much work waits for a pool of threads, and how often its queue was full."""

    waiting: int
    refused: int


class Snapshot(NamedTuple):
    """The metrics of a worker, or of several together."""

    counts: Counts
    states: dict[str, State]
    queues: dict[str, Queue]
    workers: int = 1


def take(counts: Counts, environments: Sequence[Environment]) -> Snapshot:
    """Return the metrics of this worker."""
    states = {each.name: _state(each) for each in environments}
    return Snapshot(counts, states, _queues(environments))


def total(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Add up the counts; of each worker's state, take the worst."""
    rows: dict[tuple[str, str], Row] = {}
    sums: list[dict[str, int]] = [{} for _ in Counts._fields[1:]]
    states: dict[str, State] = {}
    queues: dict[str, Queue] = {}
    for each in snapshots:
        for row in each.counts.rows:
            key = row.endpoint, row.result
            rows[key] = _sum(rows[key], row) if key in rows else row
        for known, more in zip(sums, each.counts[1:], strict=True):
            for name, count in more.items():
                known[name] = known.get(name, 0) + count
        for name, state in each.states.items():
            states[name] = _worst(states[name], state) if name in states else state
        for name, queue in each.queues.items():
            before = queues.get(name, Queue(0, 0))
            queues[name] = Queue(before.waiting + queue.waiting, before.refused + queue.refused)
    counts = Counts(tuple(rows.values()), *sums)
    return Snapshot(counts, states, queues, len(snapshots))


def write(snapshot: Snapshot) -> str:
    """Return a snapshot as text."""
    return json.dumps([snapshot.counts, snapshot.states, snapshot.queues])


def read(text: str) -> Snapshot | None:
    """Return the snapshot of a text, or None if another version wrote it."""
    try:
        (rows, *sums), states, queues = json.loads(text)
        return Snapshot(
            Counts(tuple(map(_row, rows)), *map(dict, sums)),
            {name: State(*values) for name, values in states.items()},
            {name: Queue(*values) for name, values in queues.items()},
        )
    except (ValueError, TypeError, AttributeError):
        return None


def _row(given: list[Any]) -> Row:
    endpoint, result, buckets, seconds = given
    if len(buckets) != len(BOUNDS) + 1:
        raise ValueError
    return Row(endpoint, result, tuple(buckets), seconds)


def _queues(environments: Sequence[Environment]) -> dict[str, Queue]:
    """Return the queues of the bounded pools; the one for passwords serves all environments."""
    pools: dict[str, list[BoundedPool]] = {
        "passwords": [each.hasher.pool for each in environments[:1]],
        "imported_secrets": [each.state.legacy_hashes.pool for each in environments],
        "pages": [each.page_pool for each in environments],
        "revocations": [each.revocation_pool for each in environments],
    }
    return {
        name: Queue(sum(each.waiting for each in some), sum(each.refused for each in some))
        for name, some in pools.items()
    }


def _state(environment: Environment) -> State:
    applications, lag = environment.applications, environment.lag()
    return State(
        hits=applications.hits,
        misses=applications.misses,
        lag=round(lag, 3),
        key_age=(environment.now() - environment.keys.made_at).total_seconds(),
        database_up=int(lag <= _LATE),
        database_writable=int(not environment.write_failure),
        revocations=len(environment.state.revoked),
        waiting=len(environment.notifier),
        clock_offset=round(environment.clock.offset, 3),
        cached=len(applications),
        cache_bytes=applications.size,
        evictions=applications.evictions,
        miss_seconds=round(applications.miss_seconds, 6),
    )


def _sum(one: Row, other: Row) -> Row:
    buckets = tuple(map(sum, zip(one.buckets, other.buckets, strict=True)))
    return one._replace(buckets=buckets, seconds=one.seconds + other.seconds)


def _worst(one: State, other: State) -> State:
    return State(
        hits=one.hits + other.hits,
        misses=one.misses + other.misses,
        lag=max(one.lag, other.lag),
        key_age=max(one.key_age, other.key_age),
        database_up=min(one.database_up, other.database_up),
        database_writable=min(one.database_writable, other.database_writable),
        revocations=max(one.revocations, other.revocations),
        waiting=one.waiting + other.waiting,
        clock_offset=max(one.clock_offset, other.clock_offset, key=abs),
        cached=one.cached + other.cached,
        cache_bytes=one.cache_bytes + other.cache_bytes,
        evictions=one.evictions + other.evictions,
        miss_seconds=one.miss_seconds + other.miss_seconds,
    )
