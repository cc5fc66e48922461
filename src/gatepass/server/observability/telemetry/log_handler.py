"""Log events as log records of OpenTelemetry: name, severity, fields, and the current span."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import structlog
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from structlog.typing import EventDict

from gatepass.server.observability.logging import redact

# The exporters' own, and what they are sent by: a line about a failed export is not exported.
_OURS_ALONE = ("opentelemetry", "urllib3", "requests")
_LEFT_OUT = frozenset({"event", "level", "ts", "trace_id", "span_id", "exception"})
_SEVERITIES = {
    "DEBUG": SeverityNumber.DEBUG,
    "INFO": SeverityNumber.INFO,
    "WARNING": SeverityNumber.WARN,
    "ERROR": SeverityNumber.ERROR,
    "CRITICAL": SeverityNumber.FATAL,
}


class EventHandler(logging.Handler):
    """Emits each event, without the secrets that `redact` finds, through `provider`."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider

    def emit(self, record: logging.LogRecord) -> None:
        """Pass an event on; the trace and span are those that are current."""
        if record.name.partition(".")[0] in _OURS_ALONE:
            return
        try:
            event = _event(record)
            name = str(event.get("event", ""))
            attributes = {key: _plain(event[key]) for key in event.keys() - _LEFT_OUT}
            if "exception" in event:
                attributes["exception.stacktrace"] = str(event["exception"])
            self._provider.get_logger(record.name).emit(
                LogRecord(
                    timestamp=int(record.created * 1e9),
                    observed_timestamp=time.time_ns(),
                    severity_text=record.levelname,
                    severity_number=_SEVERITIES.get(record.levelname, SeverityNumber.UNSPECIFIED),
                    body=name,
                    attributes=attributes,
                    event_name=name if isinstance(record.msg, dict) else None,
                )
            )
        except Exception:  # noqa: BLE001 - as any handler of the standard library does
            self.handleError(record)


def _event(record: logging.LogRecord) -> EventDict:
    """Return the event of a record, also of another library's, redacted."""
    if isinstance(record.msg, dict):
        event: EventDict = dict(record.msg)
    else:
        event = {"event": record.getMessage(), "exc_info": record.exc_info}
    formatted = structlog.processors.format_exc_info(None, "", event)
    redacted = redact(None, "", dict(formatted))
    assert isinstance(redacted, dict)  # noqa: S101 - of what a processor may return
    return redacted


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever an event has
    """Return a value that OpenTelemetry can send."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return "" if value is None else str(value)
