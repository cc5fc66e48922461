"""The log: one line for each event on standard error, and the last defence against secrets in it.

Code that logs leaves secrets out; `redact` removes those that it forgot.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gatepass.server.domain.users.links.model import masked
from gatepass.server.observability import trace_context

Format = Literal["auto", "json", "text"]
REDACTED = "[redacted]"

# Client secrets and access tokens, whole or cut, and the value of an Authorization header.
_CREDENTIAL = re.compile(r"gp[sa]_(?:live|test)_[0-9A-Za-z]+", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"\b(basic|bearer)[ \t]+[\w.~+/%-]+=*", re.IGNORECASE)
_SECRET_KEYS = frozenset(
    {
        "access_token",
        "authorization",
        "client_secret",
        "cookie",
        "csrf",
        "current_password",
        "initial_password",
        "master_key",
        "new_password",
        "new_password_again",
        "password",
        "refresh_token",
        "secret",
        "session",
        "set-cookie",
        "token",
    }
)
_FIRST = ("ts", "level", "event")


def configure(form: Format = "auto", stream: TextIO | None = None) -> None:
    """Write each event, also of other libraries, to `stream` (standard error) as one line.

    The format "auto" is readable text on a terminal and JSON elsewhere.
    """
    stream = stream or sys.stderr
    is_text = form == "text" or (form == "auto" and stream.isatty())
    shared: list[Processor] = [
        _with_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
    ]
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(timestamp_key="ts", colors=stream.isatty())]
        if is_text
        else [_with_pid, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                _in_order,
                *last,
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    _route(handler)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what looks like a secret, by its form or by the name of its field."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: object, value: object) -> object:
    if str(key).lower() in _SECRET_KEYS:
        return REDACTED
    if isinstance(value, Mapping):
        return {_clean(str(name)): _redacted(name, each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _clean(text: str) -> str:
    return _AUTHORIZATION.sub(rf"\1 {REDACTED}", _CREDENTIAL.sub(REDACTED, masked(text)))


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the fields that every event has first."""
    first = {key: event[key] for key in _FIRST if key in event}
    return {**first, **event}


def _with_pid(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the process id, which distinguishes workers; not on a terminal, where there is one."""
    event["pid"] = os.getpid()
    return event


def _with_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add trace and span while a span is open, so that the lines of a request can be found."""
    ids = trace_context.current()
    if ids is not None:
        event.setdefault("trace_id", ids.trace_id)
        event.setdefault("span_id", ids.span_id)
    return event


def _route(handler: logging.Handler) -> None:
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gatepass").setLevel(logging.INFO)
    # Not the root logger: Alembic logs at level INFO at every start that there is nothing to do.
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
