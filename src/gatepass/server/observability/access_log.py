"""The access log: with the setting `access_log`, one line for each request.

No header, query or body is in it. A path is free text of whoever sends it, and may contain a
credential by mistake; so what looks like one is left out.
"""

import re
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import structlog

from gatepass.server.environment.environment import Environment
from gatepass.server.http import App, Message, Receive, Request, Scope, Send
from gatepass.server.observability import trace_context
from gatepass.server.observability.metrics.endpoint_names import name_of

SERVED = "gatepass.served"
"""In a scope, after the request: a `Served`."""

_HIDDEN = "[redacted]"
_LONGEST_PATH = 200
# A segment that a credential of ours begins, or that is longer than a UUID and has no words.
_CREDENTIAL = re.compile(r"[^/]*gp[sa]_(?:live|test)_[^/]*|[^/]{41,}", re.IGNORECASE)

log = structlog.get_logger("gatepass.access")


class Served(NamedTuple):
    """What the application knows of a request that it has answered.

    `path` is the one of an OAuth endpoint (`is_route`), without what a gateway appends to it, or
    any other. `request` is None where the application has not read it whole.
    """

    endpoint: str
    result: str
    environment: Environment | None
    path: str
    request: Request | None = None
    is_route: bool = False


class Line(NamedTuple):
    """A line of the access log but for its client and trace; `size` is that of the body."""

    served: Served
    method: str
    status: int
    seconds: float
    size: int
    source: str


ClientOf = Callable[[Environment, Request, str, int], str]
"""Returns the client id of an authenticated request, by endpoint and status; "" for any other."""


def write(line: Line, client_of: ClientOf) -> None:
    """Write the line of a request."""
    served, method, status, seconds, size, source = line
    environment, request = served.environment, served.request
    client_id = ""
    if environment and request:
        client_id = client_of(environment, request, served.endpoint, status)
    trace_id = trace_context.trace_of(request.headers.get(b"traceparent") if request else None)
    log.info(
        "request.served",
        **({"environment": environment.name} if environment else {}),
        endpoint=served.endpoint,
        method=method,
        path=safe_path(served.path),
        status=status,
        seconds=round(seconds, 6),
        bytes=size,
        source=source,
        **({"client_id": client_id} if client_id else {}),
        **({"trace_id": trace_id} if trace_id else {}),
    )


def safe_path(path: str) -> str:
    """Return a path as it may be written down: without query, credentials and control characters.

    A segment that is longer than any of ours is left out; it may be a token.
    """
    cut = path.partition("?")[0][:_LONGEST_PATH]
    plain = cut.encode("ascii", "backslashreplace").decode()
    return _CREDENTIAL.sub(_HIDDEN, plain) if plain.isprintable() else _HIDDEN


class AccessLog:
    """An ASGI application whose requests are written to the access log.

    It stands around the application itself, and inside of what reads the client's address.
    """

    def __init__(self, app: App, client_of: ClientOf) -> None:
        self.app = app
        self.client_of = client_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, and write its line once the response is complete."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, size = perf_counter(), 0, 0

        async def count(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        raw_path = scope.get("raw_path")
        path = raw_path.decode("latin-1") if raw_path else scope["path"]
        try:
            await self.app(scope, receive, count)
        finally:
            served: Served = scope.get(SERVED) or Served(name_of(path), "", None, path)
            is_empty = scope["method"] == "HEAD" or status in (204, 304)
            source = scope["client"][0] if scope["client"] else ""
            if served.request is None:
                request = Request(dict(scope["headers"]), b"", b"", source)
                served = served._replace(request=request)
            size = 0 if is_empty else size
            seconds = perf_counter() - started
            line = Line(served, scope["method"], status, seconds, size, source)
            write(line, self.client_of)
