"""Metrics: counted in dictionaries, shared between workers, shown as Prometheus text."""

from gatepass.server.observability.metrics.counters import COUNTERS, NO_ENVIRONMENT

observe = COUNTERS.observe
observer = COUNTERS.observer
refused = COUNTERS.refused
connection_ended = COUNTERS.connection_ended
connections = COUNTERS.connections

__all__ = [
    "NO_ENVIRONMENT",
    "connection_ended",
    "connections",
    "observe",
    "observer",
    "refused",
]
