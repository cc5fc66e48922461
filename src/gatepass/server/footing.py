"""What the fast lane relies on in uvicorn, checked once when the server starts.

By what is there, not by a version number: where uvicorn has changed in a way that the lane does
not know, the server works as before, only slower, and says so.
"""

import inspect
from collections.abc import Iterable
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gatepass.server.joining import JoiningProtocol
from gatepass.server.lane import LaneProtocol

_CALLBACKS = {
    "on_message_begin": (),
    "on_url": ("url",),
    "on_header": ("name", "value"),
    "on_headers_complete": (),
    "on_body": ("body",),
    "on_message_complete": (),
    "data_received": ("data",),
    "send_400_response": ("msg",),
    "timeout_keep_alive_handler": (),
}
_PROTOCOL = (
    "app config cycle flow headers limit_concurrency logger loop parser scheme "
    "server_state timeout_keep_alive transport client"
)
_PARSER = "should_keep_alive get_method get_http_version"

log = structlog.get_logger("gatepass.server")


def protocol(*, lane: bool, base: type[HttpToolsProtocol] = HttpToolsProtocol) -> type[Any]:
    """Give uvicorn's `http` class: with the lane if that is wished and `base` is what it knows."""
    if not lane:
        return JoiningProtocol
    reason = unlike(base)
    if reason:
        log.warning("lane.off", reason=reason)
        return JoiningProtocol
    return LaneProtocol


def unlike(base: type[HttpToolsProtocol]) -> str:
    """Tell in what way a protocol class is not what the lane knows; "" if it is."""
    try:
        return next(filter(None, _differences(base)), "")
    except Exception as error:  # noqa: BLE001 - whatever fails here would fail in the lane
        return f"{type(error).__name__}: {error}"


def _differences(base: type[HttpToolsProtocol]) -> Iterable[str]:
    for name, parameters in _CALLBACKS.items():
        method = getattr(base, name, None)
        if method is None:
            yield f"uvicorn's protocol has no {name}"
        elif tuple(inspect.signature(method).parameters)[1:] != parameters:
            yield f"uvicorn's {name} takes something else"
    config = uvicorn.Config(_nobody, ws="none", lifespan="off", log_config=None)
    state = ServerState()
    made = base(config, state, {}, _loop=_no_loop)
    yield _missing("protocol", made, _PROTOCOL)
    yield _missing("parser", made.parser, _PARSER)
    yield _missing("server state", state, "default_headers total_requests")
    yield _missing("flow control", FlowControl(_no_transport), "write_paused")
    cycle = httptools_impl.RequestResponseCycle
    wanted = dict.fromkeys(tuple(inspect.signature(cycle).parameters))
    yield _missing("cycle", cycle(**wanted), "keep_alive response_complete")  # type: ignore[arg-type]


def _missing(what: str, value: object, names: str) -> str:
    missing = [name for name in names.split() if not hasattr(value, name)]
    return f"uvicorn's {what} has no {missing[0]}" if missing else ""


async def _nobody(_scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401
    """Stand for an application."""


_no_loop: Any = object()  # neither is used before there is a connection
_no_transport: Any = object()
