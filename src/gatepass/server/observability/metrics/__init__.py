"""Metrics: counted in dictionaries, shared between workers, shown as Prometheus text."""

from gatepass.server.observability.metrics.counters import COUNTERS, NO_ENVIRONMENT

observe = COUNTERS.observe
observer = COUNTERS.observer
refused = COUNTERS.refused
certificate_ends = COUNTERS.certificate_ends
connection_ended = COUNTERS.connection_ended
connections = COUNTERS.connections

__all__ = [
    "NO_ENVIRONMENT",
    "certificate_ends",
    "connection_ended",
    "connections",
    "observe",
    "observer",
    "refused",
]
