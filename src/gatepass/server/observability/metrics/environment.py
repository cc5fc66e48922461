"""What the metrics say of one environment at one time."""

from collections.abc import Iterator

from gatepass.concurrency.bounded_pool import BoundedPool
from gatepass.server.environment.environment import Environment
from gatepass.server.observability import health
from gatepass.server.observability.metrics.counters import NO_ENVIRONMENT
from gatepass.server.observability.metrics.families import Key

Value = tuple[str, tuple[str, ...], float]
"""The end of a metric's name, the labels after the environment, and the value."""


def values(environment: Environment) -> Iterator[tuple[Key, float]]:
    """Yield the state of an environment."""
    for part in (_tokens, _memory, _feed, _database, _work):
        for name, labels, value in part(environment):
            yield (f"gatepass_{name}", (environment.name, *labels)), float(value)


def shared(environment: Environment) -> Iterator[tuple[Key, float]]:
    """Yield the state of what all environments share, of which each has the same."""
    for name, labels, value in _queue("passwords", environment.hasher.pool):
        yield (f"gatepass_{name}", (NO_ENVIRONMENT, *labels)), value


def _tokens(environment: Environment) -> Iterator[Value]:
    problems = list(health.problems(environment))
    found = {each.name for each in problems}
    yield "ready", (), not any(each.stops for each in problems)
    for kind, issued in environment.tokens_issued.items():
        yield "tokens_issued", (kind,), issued
    for name in health.PROBLEMS:
        yield "problem", (name,), name in found
    yield "clock_offset_seconds", (), round(environment.clock.offset, 3)


def _memory(environment: Environment) -> Iterator[Value]:
    applications = environment.applications
    yield "application_cache_lookups", ("hit",), applications.hits
    yield "application_cache_lookups", ("miss",), applications.misses
    yield "application_cache_entries", (), len(applications)
    yield "application_cache_bytes", (), applications.size
    yield "application_cache_evictions", (), applications.evictions
    yield "application_cache_miss_seconds", (), round(applications.miss_seconds, 6)
    for name, entries in environment.cache_entries().items():
        yield "cache_entries", (name,), entries
    yield "feed_lag_seconds", (), round(environment.lag(), 3)
    yield "memory_rebuilds", (), environment.rebuilds
    yield "revocations", (), len(environment.state.revoked)


def _feed(environment: Environment) -> Iterator[Value]:
    yield "guards_waiting", (), len(environment.notifier)
    for kind, sent in environment.followers.pages_sent.items():
        yield "feed_pages", (kind,), sent


def _database(environment: Environment) -> Iterator[Value]:
    yield "database_up", (), environment.lag() <= health.LATE
    yield "database_writable", (), not environment.write_failure
    if environment.free_space is not None:
        yield "database_free_bytes", (), environment.free_space
    slots = environment.database.slots
    yield "database_connections_limit", (), slots.connections.most
    yield "database_connections_in_use", (), slots.connections.held
    yield "database_connections_idle", (), environment.database.idle_connections()
    for name, places in (("connection", slots.connections), ("writer", slots.writers)):
        yield "database_waiting", (name,), places.waiting
        yield "database_wait_seconds", (name,), round(places.waited, 6)
        yield "database_wait_timeouts", (name,), places.timeouts


def _work(environment: Environment) -> Iterator[Value]:
    age = environment.now() - environment.keys.made_at
    yield "key_age_seconds", (), age.total_seconds()
    yield "key_rotation_seconds", (), environment.context.token_policy.key_rotation.total_seconds()
    for work, at in environment.housekept_at.items():
        yield "housekeeping_last_success_timestamp_seconds", (work,), round(at, 3)
    figures = environment.webhook_figures
    for outcome in ("taken", "not_taken"):
        yield "webhook_tries", (outcome,), figures[outcome]
    yield "webhook_deliveries_waiting", (), figures["waiting"]
    yield "webhook_endpoints_failing", (), figures["failing"]
    yield "usage_waiting", (), environment.usage.waiting
    yield "usage_lost", (), environment.usage.lost
    yield from _queue("imported_secrets", environment.state.legacy_hashes.pool)
    yield from _queue("pages", environment.pools.pages)
    yield from _queue("revocations", environment.pools.revocations)
    yield "queue_waiting", ("lookups",), environment.waiting_lookups()


def _queue(name: str, pool: BoundedPool) -> Iterator[Value]:
    yield "queue_waiting", (name,), pool.waiting
    yield "queue_refused", (name,), pool.refused
