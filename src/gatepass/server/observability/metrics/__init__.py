"""Metrics: counted in plain dictionaries, published between workers, told as Prometheus text."""

from gatepass.server.observability.metrics.counters import FIGURES

observe = FIGURES.observe
observer = FIGURES.observer
issued = FIGURES.issued
refused = FIGURES.refused
connection_ended = FIGURES.connection_ended
connections = FIGURES.connections

__all__ = ["connection_ended", "connections", "issued", "observe", "observer", "refused"]
