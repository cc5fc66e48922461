"""What our HTTP protocol relies on in uvicorn, checked once when the server starts.

Checks features, not versions. If uvicorn's internals differ, or httptools is not installed, the
server logs a warning and uses uvicorn's protocol over h11, which is as strict about the end of a
request, but slower and without our limits.
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
from uvicorn.server import ServerState

from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.cycle import RequestResponseCycle
from gatepass.server.serving.http1.protocol import HttpProtocol

_CYCLE = (
    "scope transport flow logger access_logger access_log default_headers message_event "
    "expect_100_continue keep_alive on_response"
)
_CYCLE_STATE = (
    "body chunked_encoding disconnected expected_content_length keep_alive message_event more_body "
    "response_complete response_started waiting_for_100_continue"
)
_CONFIG = "asgi_version loaded loaded_app root_path timeout_keep_alive"

Protocol = Callable[..., asyncio.Protocol]

log = structlog.get_logger("gatepass.server")


def protocol(
    connections: Connections,
    *,
    ours: Protocol = HttpProtocol,
    cycle: type[RequestResponseCycle] = RequestResponseCycle,
    state: type[ServerState] = ServerState,
) -> Protocol:
    """Return the factory of uvicorn's protocols: `ours` if `cycle` and `state` are compatible."""
    reason = incompatibility(cycle, state)
    if reason:
        log.warning("http.fallback", reason=reason)
        from gatepass.server.serving.http1.fallback import FallbackProtocol

        return FallbackProtocol
    return partial(ours, connections=connections)


def incompatibility(cycle: type[RequestResponseCycle], state: type[ServerState]) -> str:
    """Return how uvicorn's classes differ from what our protocol uses; "" if they do not."""
    if importlib.util.find_spec("httptools") is None:
        return "httptools is not installed"
    try:
        return next(filter(None, _differences(cycle, state)), "")
    except Exception as error:  # noqa: BLE001 - what fails here would fail in the protocol
        return f"{type(error).__name__}: {error}"


def _differences(cycle: type[RequestResponseCycle], state: type[ServerState]) -> Iterable[str]:
    parameters = tuple(inspect.signature(cycle).parameters)
    if parameters != tuple(_CYCLE.split()):
        yield "uvicorn's cycle has other parameters"
    wanted: dict[str, Any] = dict.fromkeys(parameters)
    yield _missing("cycle", cycle(**wanted), _CYCLE_STATE)
    yield _missing("cycle", cycle, "run_asgi")
    config = uvicorn.Config(_no_application, ws="none", lifespan="off", log_config=None)
    config.load()
    yield _missing("config", config, _CONFIG)
    names = "connections default_headers tasks"
    yield _missing("server state", state(), names)
    names = "pause_reading pause_writing resume_reading resume_writing write_paused"
    yield _missing("flow control", FlowControl(_no_transport), names)


def _missing(what: str, value: object, names: str) -> str:
    missing = [name for name in names.split() if not hasattr(value, name)]
    return f"uvicorn's {what} has no {missing[0]}" if missing else ""


async def _no_application(_scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401
    """Do nothing: an application is required."""


_no_transport: Any = object()  # not used before there is a connection
