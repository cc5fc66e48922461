"""Where uvicorn is not what our protocol knows, the server goes on with h11 and says so."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from gatepass.server.configuration.http_limits import Limits
from gatepass.server.http import NO_STORE, Response
from gatepass.server.serving import uvicorn_compat
from gatepass.server.serving.fast_path import fast_path_protocol
from gatepass.server.serving.fast_path.protocol import FastPathProtocol
from gatepass.server.serving.fast_path.response_heads import ResponseHeads
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.fallback import FallbackProtocol
from gatepass.server.serving.http1.protocol import HttpProtocol
from server.fixtures import new_clock
from server.serving.fast_path.doors import Door
from server.serving.fast_path.requests import Ask


class WithOtherParameters(RequestResponseCycle):
    def __init__(self, *given: Any, more: bool = False, **named: Any) -> None:  # noqa: ANN401
        """Take what today's does not."""


class WithoutAttribute(RequestResponseCycle):
    def __init__(  # noqa: PLR0913, PLR0917
        self,
        scope: Any,  # noqa: ANN401
        transport: Any,  # noqa: ANN401
        flow: Any,  # noqa: ANN401
        logger: Any,  # noqa: ANN401
        access_logger: Any,  # noqa: ANN401
        access_log: Any,  # noqa: ANN401
        default_headers: Any,  # noqa: ANN401
        message_event: Any,  # noqa: ANN401
        expect_100_continue: Any,  # noqa: ANN401
        keep_alive: Any,  # noqa: ANN401
        on_response: Any,  # noqa: ANN401
    ) -> None:
        """Set nothing."""


class Unmakeable(RequestResponseCycle):
    __signature__ = 1


class StateWithoutTasks(ServerState):
    def __init__(self) -> None:
        super().__init__()
        del self.tasks


@pytest.fixture
def connections() -> Connections:
    return Connections(Limits())


@pytest.mark.parametrize(
    ("cycle", "state", "said"),
    [
        (WithOtherParameters, ServerState, "uvicorn's cycle has other parameters"),
        (WithoutAttribute, ServerState, "uvicorn's cycle has no body"),
        (Unmakeable, ServerState, "TypeError: "),
        (RequestResponseCycle, StateWithoutTasks, "uvicorn's server state has no tasks"),
    ],
)
def test_uvicorns_protocol_over_h11_takes_over_and_the_log_says_why(
    cycle: type[RequestResponseCycle], state: type[ServerState], said: str, connections: Connections
) -> None:
    with capture_logs() as logged:
        chosen = uvicorn_compat.protocol(connections, cycle=cycle, state=state)

    assert chosen is FallbackProtocol
    assert [(each["event"], each["log_level"]) for each in logged] == [("http.fallback", "warning")]
    assert logged[0]["reason"].startswith(said)


@pytest.mark.parametrize(
    ("ours", "known"),
    [(fast_path_protocol(), FastPathProtocol), (HttpProtocol, HttpProtocol)],
    ids=["fast path", "ASGI"],
)
def test_the_locked_uvicorn_is_what_our_protocol_knows(
    ours: uvicorn_compat.Protocol,
    known: type[HttpProtocol],
    connections: Connections,
) -> None:
    with capture_logs() as logged:
        chosen = uvicorn_compat.protocol(connections, ours=ours)

    assert isinstance(chosen, partial)
    assert chosen.func is known
    assert logged == []


@pytest.mark.slow
@pytest.mark.spec("RFC 9110", "7.8")
def test_over_h11_an_offer_to_upgrade_is_ignored_too(tmp_path: Path) -> None:
    served = Door(tmp_path / "data", new_clock())
    served.config.http = FallbackProtocol
    offer = (("Connection", "Upgrade"), ("Upgrade", "foo"))
    inner = Ask(path="/healthz", method="GET", body=b"", length=()).raw()
    raw = Ask(body=inner, more=offer).raw()
    with served, served.connect() as line:
        for at in range(len(raw) - len(inner), len(raw), 7):
            line.say(raw[:at])
            while not served.uvicorn.server_state.tasks:  # until the head has come
                time.sleep(0.001)
            line.say(raw[at:])
            response = line.hear()
            assert response
            assert response.status == 400  # the form that the inner request is
    assert served.by_fast_path == 0


def test_the_date_is_always_the_present_one() -> None:
    heads = ResponseHeads()
    answer = Response(200, NO_STORE, b"{}")
    for date in (b"today", b"tomorrow", b"today"):
        assert b"date: %b\r\n" % date in heads.write(answer, [(b"date", date)])


@pytest.mark.spec("RFC 9110", "5.5")
@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\0b", b"\x7f"])
def test_no_header_of_an_answer_breaks_out_of_its_line(value: bytes) -> None:
    heads = ResponseHeads()
    for pair in ((b"x", value), (value, b"x")):
        with pytest.raises(ValueError, match="control characters"):
            heads.write(Response(200, (pair,), b""), [])
