"""Metrics: counted in plain dictionaries, published between workers, told as Prometheus text."""

from gatepass.server.metrics.figures import FIGURES

observe = FIGURES.observe
issued = FIGURES.issued
refused = FIGURES.refused

__all__ = ["issued", "observe", "refused"]
