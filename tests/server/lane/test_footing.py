"""Where uvicorn is not what the lane knows, the server goes on without it and says so."""

from typing import Any

import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatepass.server import footing
from gatepass.server.arrival import NO_STORE, Answer
from gatepass.server.joining import JoiningProtocol
from gatepass.server.lane import Lane, LaneProtocol


class WithoutMethod(HttpToolsProtocol):
    """A protocol of which a callback has another name."""

    on_url: Any = None


class WithOtherParameters(HttpToolsProtocol):
    def on_body(self, body: bytes, more: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take what today's does not."""


class WithoutAttribute(HttpToolsProtocol):
    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*given, **named)
        del self.cycle


class WithOtherParser(HttpToolsProtocol):
    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*given, **named)
        self.parser: Any = object()


class Unmakeable(HttpToolsProtocol):
    def __init__(self) -> None:
        """Take nothing at all."""


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (WithoutMethod, "uvicorn's protocol has no on_url"),
        (WithOtherParameters, "uvicorn's on_body takes something else"),
        (WithoutAttribute, "uvicorn's protocol has no cycle"),
        (WithOtherParser, "uvicorn's parser has no should_keep_alive"),
        (Unmakeable, "TypeError: "),
    ],
)
def test_the_lane_stands_aside_and_says_why(base: type[HttpToolsProtocol], said: str) -> None:
    with capture_logs() as logged:
        chosen = footing.protocol(lane=True, base=base)

    assert chosen is JoiningProtocol
    assert [(each["event"], each["log_level"]) for each in logged] == [("lane.off", "warning")]
    assert logged[0]["reason"].startswith(said)


def test_the_locked_uvicorn_is_what_the_lane_knows() -> None:
    with capture_logs() as logged:
        assert footing.protocol(lane=True) is LaneProtocol

    assert logged == []


def test_the_lane_can_be_turned_off() -> None:
    with capture_logs() as logged:
        assert footing.protocol(lane=False) is JoiningProtocol

    assert logged == []


def test_the_date_is_always_the_present_one() -> None:
    lane = Lane({}, {}, lambda _: Answer(500, (), b""))
    answer = Answer(200, NO_STORE, b"{}")
    for date in (b"today", b"tomorrow", b"today"):
        assert b"date: %b\r\n" % date in lane.written(answer, [(b"date", date)])


@pytest.mark.spec("RFC 9110", "5.5")
@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\0b", b"\x7f"])
def test_no_header_of_an_answer_breaks_out_of_its_line(value: bytes) -> None:
    lane = Lane({}, {}, lambda _: Answer(500, (), b""))
    for pair in ((b"x", value), (value, b"x")):
        with pytest.raises(ValueError, match="control characters"):
            lane.written(Answer(200, (pair,), b""), [])
