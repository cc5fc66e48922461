"""Every metric: its name, kind, labels and help text, and how the values of workers combine.

A metric of an environment has the label `environment`. It is empty, which Prometheus takes for
absent, where a value belongs to no environment: a request with an unknown host, the threads that
both share. Metrics of a process never have it; those of the names that Prometheus's client
libraries use have the label `pid` instead, as they mean one process each.
"""

from collections.abc import Callable
from operator import add
from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]
Key = tuple[str, tuple[str, ...]]
"""The name of a metric, and the values of its labels in their order."""

PID = "pid"
REQUESTS = "gatepass_request_duration_seconds"

_OF_ENVIRONMENT = ("environment",)
_OF_PROCESS = (PID,)


def _furthest(one: float, other: float) -> float:
    return max(one, other, key=abs)


class Family(NamedTuple):
    """A metric. The name of a counter comes without `_total`.

    `combine` makes one value of those of two workers.
    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = _OF_ENVIRONMENT
    combine: Callable[[float, float], float] = add


def _of(*families: Family) -> dict[str, Family]:
    return {each.name: each for each in families}


FAMILIES = _of(
    Family(
        REQUESTS,
        "histogram",
        "Duration of requests by endpoint and result.",
        ("environment", "endpoint", "result"),
    ),
    Family("gatepass_tokens_issued", "counter", "Tokens issued.", ("environment", "kind")),
    Family(
        "gatepass_refusals",
        "counter",
        "Requests to the OAuth endpoints that were refused.",
        ("environment", "reason"),
    ),
    Family("gatepass_ready", "gauge", "1 while tokens can be issued and verified.", combine=min),
    Family(
        "gatepass_problem",
        "gauge",
        "1 while there is the problem that /readyz names.",
        ("environment", "problem"),
        max,
    ),
    # Memory.
    Family(
        "gatepass_application_cache_lookups",
        "counter",
        "Lookups in the application cache; a miss reads the database.",
        ("environment", "result"),
    ),
    Family("gatepass_application_cache_entries", "gauge", "Applications kept in memory."),
    Family(
        "gatepass_application_cache_bytes",
        "gauge",
        "About how much memory the kept applications take.",
    ),
    Family(
        "gatepass_application_cache_evictions",
        "counter",
        "Applications that made room in memory for others.",
    ),
    Family(
        "gatepass_application_cache_miss_seconds",
        "counter",
        "Seconds spent reading applications that were not in memory.",
    ),
    Family(
        "gatepass_cache_entries",
        "gauge",
        "Entries of the caches of repeated results.",
        ("environment", "cache"),
    ),
    Family(
        "gatepass_feed_lag_seconds",
        "gauge",
        "Seconds since the in-memory state was last confirmed.",
        combine=max,
    ),
    Family(
        "gatepass_memory_rebuilds",
        "counter",
        "How often all was read again, as the database was another one.",
    ),
    Family("gatepass_revocations", "gauge", "Revoked tokens that have not expired.", combine=max),
    # The revocation feed, as guards read it.
    Family("gatepass_guards_waiting", "gauge", "Guards that wait for changes."),
    Family(
        "gatepass_feed_pages",
        "counter",
        "Pages sent to guards: changes, nothing new, or a snapshot from the beginning.",
        ("environment", "page"),
    ),
    # The database.
    Family("gatepass_database_up", "gauge", "1 while the database responds.", combine=min),
    Family(
        "gatepass_database_writable",
        "gauge",
        "1 while the database accepts changes; tested every 10 seconds.",
        combine=min,
    ),
    Family(
        "gatepass_database_free_bytes",
        "gauge",
        "Free bytes on the disk of a SQLite database.",
        combine=min,
    ),
    Family("gatepass_database_connections_limit", "gauge", "Connections that may be in use."),
    Family("gatepass_database_connections_in_use", "gauge", "Connections that are in use."),
    Family("gatepass_database_connections_idle", "gauge", "Connections that are open and unused."),
    Family(
        "gatepass_database_waiting",
        "gauge",
        "Threads that wait for a connection, or for their turn to write.",
        ("environment", "resource"),
    ),
    Family(
        "gatepass_database_wait_seconds",
        "counter",
        "Seconds for which threads waited for a connection, or for their turn to write.",
        ("environment", "resource"),
    ),
    Family(
        "gatepass_database_wait_timeouts",
        "counter",
        "Transactions that were given up, as the wait took too long.",
        ("environment", "resource"),
    ),
    # Time, keys, regular work.
    Family(
        "gatepass_clock_offset_seconds",
        "gauge",
        "Seconds by which the environment's time is ahead of this machine's clock.",
        combine=_furthest,
    ),
    Family(
        "gatepass_key_age_seconds",
        "gauge",
        "Age of the newest key that signs or seals tokens.",
        combine=max,
    ),
    Family(
        "gatepass_key_rotation_seconds",
        "gauge",
        "The setting key_rotation: for how long a key makes tokens.",
        combine=max,
    ),
    Family(
        "gatepass_housekeeping_last_success_timestamp_seconds",
        "gauge",
        "When a regular work was last done (Unix seconds); 0: not since the start.",
        ("environment", "work"),
        min,
    ),
    Family(
        "gatepass_webhook_tries",
        "counter",
        "Tries to deliver an event to a webhook endpoint.",
        ("environment", "outcome"),
    ),
    Family(
        "gatepass_webhook_deliveries_waiting",
        "gauge",
        "Deliveries of events that wait for their next try.",
        combine=max,
    ),
    Family(
        "gatepass_webhook_endpoints_failing",
        "gauge",
        "Webhook endpoints whose last try has failed.",
        combine=max,
    ),
    Family("gatepass_usage_waiting", "gauge", "Uses and counts that wait to be written."),
    Family("gatepass_usage_lost", "counter", "Uses and counts that could not be kept."),
    Family(
        "gatepass_queue_waiting",
        "gauge",
        "Pieces of work that wait for a thread.",
        ("environment", "queue"),
    ),
    Family(
        "gatepass_queue_refused",
        "counter",
        "Requests that were refused (503) because the queue was full.",
        ("environment", "queue"),
    ),
    # The process.
    Family("gatepass_connections_open", "gauge", "Open connections.", ()),
    Family(
        "gatepass_connections_limit", "gauge", "Connections that may be open at the same time.", ()
    ),
    Family(
        "gatepass_connections_ended",
        "counter",
        "Connections that the server has ended.",
        ("reason",),
    ),
    Family(
        "gatepass_tls_certificate_expiry_timestamp_seconds",
        "gauge",
        "When the certificate of the server's own TLS expires (Unix seconds).",
        (),
        min,
    ),
    Family("gatepass_workers", "gauge", "Workers that these metrics are of.", ()),
    Family(
        "gatepass_build_info",
        "gauge",
        "The running version; always 1.",
        ("version", "python", "commit"),
        max,
    ),
    Family("process_cpu_seconds", "counter", "User and system CPU time.", _OF_PROCESS),
    Family("process_resident_memory_bytes", "gauge", "Resident memory.", _OF_PROCESS),
    Family("process_virtual_memory_bytes", "gauge", "Virtual memory.", _OF_PROCESS),
    Family("process_open_fds", "gauge", "Open file descriptors.", _OF_PROCESS),
    Family("process_max_fds", "gauge", "File descriptors that may be open.", _OF_PROCESS),
    Family("process_start_time_seconds", "gauge", "Start time (Unix seconds).", _OF_PROCESS),
    Family("process_threads", "gauge", "Threads.", _OF_PROCESS),
)
