"""Flows: one generator, driven by threads and tasks alike."""

import asyncio
from collections.abc import Callable

import pytest

from gatepass.wire.flow import Flow, Request, Response, arun, run

Send = Callable[[Request], Response]
Drive = Callable[[Flow[str], Send], str]


def drive_async(flow: Flow[str], send: Send) -> str:
    async def asend(request: Request) -> Response:
        await asyncio.sleep(0)
        return send(request)

    return asyncio.run(arun(flow, asend))


@pytest.fixture(params=[run, drive_async], ids=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Drive:
    chosen: Drive = request.param
    return chosen


def two_steps(ended: list[str]) -> Flow[str]:
    """Send a request, a second one if that fails, and tell what came."""
    try:
        try:
            answer = yield Request("GET", "/first", {})
        except OSError as error:
            answer = yield Request("GET", f"/again?{error}", {})
        return answer.body.decode()
    finally:
        ended.append("ended")


def echo(request: Request) -> Response:
    return Response(200, {}, request.url.encode())


def failing(error: BaseException) -> Send:
    def send(request: Request) -> Response:
        if request.url == "/first":
            raise error
        return echo(request)

    return send


def test_a_flow_gets_the_answer_and_gives_its_result(drive: Drive) -> None:
    ended: list[str] = []

    assert drive(two_steps(ended), echo) == "/first"
    assert ended == ["ended"]


def test_a_flow_decides_about_an_error_of_its_sender(drive: Drive) -> None:
    assert drive(two_steps([]), failing(OSError("away"))) == "/again?away"


def test_an_error_that_a_flow_does_not_handle_is_the_callers(drive: Drive) -> None:
    ended: list[str] = []

    with pytest.raises(LookupError):
        drive(two_steps(ended), failing(LookupError("a bug")))
    assert ended == ["ended"]


def test_a_flow_that_sends_nothing_gives_its_result(drive: Drive) -> None:
    def silent() -> Flow[str]:
        return "nothing to ask"
        yield Request("GET", "/", {})

    assert drive(silent(), echo) == "nothing to ask"


def test_an_interrupted_flow_ends_at_once_though_its_traceback_is_kept() -> None:
    ended: list[str] = []
    with pytest.raises(KeyboardInterrupt) as kept:
        run(two_steps(ended), failing(KeyboardInterrupt()))

    assert (kept.type, ended) == (KeyboardInterrupt, ["ended"])


def test_a_cancelled_flow_ends_at_once_though_its_traceback_is_kept() -> None:
    ended: list[str] = []

    async def asend(_: Request) -> Response:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError) as kept:
        asyncio.run(arun(two_steps(ended), asend))

    assert (kept.type, ended) == (asyncio.CancelledError, ["ended"])


def test_neither_headers_nor_bodies_are_in_a_repr() -> None:
    headers = {"authorization": "Bearer hush"}

    assert "hush" not in repr(Request("GET", "/", headers, b"hush"))
    assert "hush" not in repr(Response(200, headers, b"hush"))
