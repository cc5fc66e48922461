"""The trace that a request or a log line belongs to (W3C Trace Context)."""

import re
import sys
from typing import NamedTuple

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_ZERO = b"0" * 32


class TraceIds(NamedTuple):
    """A trace and a span in it, in hexadecimal."""

    trace_id: str
    span_id: str


def current() -> TraceIds | None:
    """Return the trace and span of OpenTelemetry that are current, None if there are none.

    Nothing is imported: where nobody has loaded OpenTelemetry there is no span.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return TraceIds(f"{context.trace_id:032x}", f"{context.span_id:016x}")


def trace_of(traceparent: bytes | None) -> str:
    """Return the trace that a request belongs to, "" if it names none.

    The header `traceparent` counts where no span is current; a malformed one is ignored.
    """
    found = current()
    if found:
        return found.trace_id
    match = _TRACEPARENT.fullmatch(traceparent or b"")
    return "" if match is None or match[1] == _ZERO else match[1].decode()
