"""What our HTTP protocol relies on in uvicorn, checked once when the server starts.

By what is there, not by a version number: where uvicorn has changed in a way that the protocol
does not know, or httptools is not installed, the server works with uvicorn's own protocol over
h11, which is as strict about where a request ends, only slower and without our bounds; and says so.
"""

import asyncio
import importlib.util
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from gatepass.server.serving.fast_path.protocol import FastPathProtocol
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.protocol import HttpProtocol, RequestResponseCycle
from gatepass.server.serving.readiness import STOPPING

_CYCLE = (
    "scope transport flow logger access_logger access_log default_headers message_event "
    "expect_100_continue keep_alive on_response"
)
_CYCLE_STATE = (
    "body disconnected keep_alive message_event more_body response_complete response_started"
)
_CONFIG = "asgi_version loaded loaded_app root_path timeout_keep_alive"

Protocol = Callable[..., asyncio.Protocol]

log = structlog.get_logger("gatepass.server")


class FallbackProtocol(H11Protocol):
    """uvicorn's protocol over h11."""

    def shutdown(self) -> None:
        """Begin the end of the connection; a request that only waits must not put it off."""
        super().shutdown()
        stopping = self.app_state.get(STOPPING)
        if stopping:
            stopping()


def protocol(
    connections: Connections,
    *,
    lane: bool,
    cycle: type[RequestResponseCycle] = RequestResponseCycle,
    state: type[ServerState] = ServerState,
) -> Protocol:
    """Return what makes uvicorn's protocols: ours if `cycle` and `state` are what it knows."""
    reason = incompatibility(cycle, state)
    if reason:
        log.warning("http.fallback", reason=reason)
        return FallbackProtocol
    return partial(FastPathProtocol if lane else HttpProtocol, connections=connections)


def incompatibility(cycle: type[RequestResponseCycle], state: type[ServerState]) -> str:
    """Tell in what way uvicorn's classes are not what our protocol knows; "" if they are."""
    if importlib.util.find_spec("httptools") is None:
        return "httptools is not installed"
    try:
        return next(filter(None, _differences(cycle, state)), "")
    except Exception as error:  # noqa: BLE001 - whatever fails here would fail in the protocol
        return f"{type(error).__name__}: {error}"


def _differences(cycle: type[RequestResponseCycle], state: type[ServerState]) -> Iterable[str]:
    parameters = tuple(inspect.signature(cycle).parameters)
    if parameters != tuple(_CYCLE.split()):
        yield "uvicorn's cycle takes something else"
    wanted: dict[str, Any] = dict.fromkeys(parameters)
    yield _missing("cycle", cycle(**wanted), _CYCLE_STATE)
    yield _missing("cycle", cycle, "run_asgi")
    config = uvicorn.Config(_nobody, ws="none", lifespan="off", log_config=None)
    config.load()
    yield _missing("config", config, _CONFIG)
    names = "connections default_headers tasks"
    yield _missing("server state", state(), names)
    names = "pause_reading pause_writing resume_reading resume_writing write_paused"
    yield _missing("flow control", FlowControl(_no_transport), names)


def _missing(what: str, value: object, names: str) -> str:
    missing = [name for name in names.split() if not hasattr(value, name)]
    return f"uvicorn's {what} has no {missing[0]}" if missing else ""


async def _nobody(_scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401
    """Stand for an application."""


_no_transport: Any = object()  # not used before there is a connection
