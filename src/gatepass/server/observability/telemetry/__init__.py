"""OpenTelemetry: traces, metrics and logs, sent to where the standard variables `OTEL_...` say.

Only the setting `telemetry` loads this package; it needs the extra of that name.
"""

from gatepass.server.observability.telemetry.export import (
    TelemetryError,
    check,
    export_logs,
    export_traces,
    metric_exporters,
    resource,
)
from gatepass.server.observability.telemetry.metrics import MetricExport

__all__ = [
    "MetricExport",
    "TelemetryError",
    "check",
    "export_logs",
    "export_traces",
    "metric_exporters",
    "resource",
]
