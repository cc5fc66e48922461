"""Turns on what the settings `traces` and `telemetry` ask for; OpenTelemetry is loaded for them."""

import importlib.util
from collections.abc import Callable

from gatepass.server.configuration.settings import Settings
from gatepass.server.environment.data_directory import ServingError
from gatepass.server.http import App
from gatepass.server.observability.metrics.endpoint import Background
from gatepass.server.observability.metrics.snapshot import Snapshot

_INSTALL = "pip install 'gatepass[server,telemetry]'."


def check(settings: Settings) -> None:
    """Raise ServingError where OpenTelemetry is not installed, or a variable of it is wrong."""
    if settings.traces and importlib.util.find_spec("opentelemetry") is None:
        raise ServingError(f"Traces need OpenTelemetry: {_INSTALL}")
    if not settings.telemetry:
        return
    try:
        from gatepass.server.observability import telemetry
    except ModuleNotFoundError:
        raise ServingError(f"Telemetry needs OpenTelemetry's SDK: {_INSTALL}") from None
    try:
        telemetry.check()
    except telemetry.TelemetryError as error:
        raise ServingError(str(error)) from None


def traced(app: App, settings: Settings) -> App:
    """Return the application whose requests are spans, or the same one without traces.

    Spans are exported where the setting `telemetry` says so; with `traces` alone by the program
    that has configured OpenTelemetry.
    """
    is_traced = settings.traces
    if settings.telemetry:
        from gatepass.server.observability import telemetry

        is_traced = telemetry.export_traces() or is_traced
    if not is_traced:
        return app
    from gatepass.server.observability.tracing import Traced

    return Traced(app)


def export_logs(settings: Settings) -> None:
    """Export the events of this process from now on, if the setting `telemetry` says so."""
    if settings.telemetry:
        from gatepass.server.observability import telemetry

        telemetry.export_logs()


def metric_export(settings: Settings, own: Callable[[], Snapshot]) -> Background | None:
    """Return what exports the metrics of this process, if the setting `telemetry` says so."""
    if not settings.telemetry:
        return None
    from gatepass.server.observability import telemetry

    exporters = telemetry.metric_exporters()
    return telemetry.MetricExport(own, exporters, telemetry.resource()) if exporters else None
