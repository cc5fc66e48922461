"""The lane's table: which paths and methods it takes, and where it lets everything through."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.server.environment.environment import Environment
from gatepass.server.http import NeedsThread, Request, Response
from gatepass.server.observability import metrics
from gatepass.server.serving.error_responses import Failure
from gatepass.server.serving.fast_path.protocol import FastPath, Route
from gatepass.wire.errors import OAuthError
from server.fixtures import InProcessServer, open_passive_server, raw_basic
from server.serving.fast_path.play import said
from server.serving.fast_path.requests import Ask

_GET = {"method": "GET", "body": b"", "content_type": (), "length": ()}
_DONE = Response(200, ((b"x-said", b"yes"),), b"done")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path / "data") as opened:
        yield opened


class Told:
    """An endpoint that keeps what it is told."""

    def __init__(self) -> None:
        self.arrived: list[Request] = []

    def __call__(self, environment: Environment, arrived: Request) -> Response:
        assert environment.name == "production"
        self.arrived.append(arrived)
        return _DONE


def refuse(_: Environment, __: Request) -> Response:
    raise OAuthError("invalid_token", "No.")


def wait(_: Environment, __: Request) -> NeedsThread:
    return NeedsThread(lambda: None)


def answer_trouble(met: Failure) -> Response:
    return Response(418, (), f"{met.error}, {met.path}, {met.source}".encode())


def lane_to(server: InProcessServer, endpoint: object, *methods: bytes) -> InProcessServer:
    observe = metrics.observer("other")
    way = Route(endpoint, "/ask", frozenset(methods), "other", observe)  # type: ignore[arg-type]
    by_host = {b"localhost:8000": server.environment()}
    server.app.lane = FastPath({"/ask": way}, by_host, answer_trouble)
    return server


def ask(**changes: object) -> bytes:
    return Ask(**{"path": "/ask", **_GET, **changes}).raw()  # type: ignore[arg-type]


def test_an_endpoint_is_told_what_asgi_tells(server: InProcessServer) -> None:
    told = Told()
    play = said(lane_to(server, told, b"GET"), ask(path="/ask?a=b&c", more=(("X-Odd", "Y"),)))

    assert play.heard.endswith(
        b"date: today\r\nx-said: yes\r\ncontent-length: 4\r\n\r\ndone",
    )
    headers = {b"host": b"localhost:8000", b"x-odd": b"Y"}
    assert told.arrived == [Request(headers, b"a=b&c", b"", "192.0.2.7")]


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_a_method_that_is_not_in_the_table_goes_through(
    server: InProcessServer, method: str
) -> None:
    told = Told()
    play = said(lane_to(server, told, b"GET", b"OPTIONS"), ask(method=method))

    assert (play.by_lane, told.arrived) == (0, [])


def test_what_an_endpoint_raises_becomes_an_answer(server: InProcessServer) -> None:
    play = said(lane_to(server, refuse, b"GET"), ask())

    assert play.by_lane == 1
    assert play.heard.startswith(b"HTTP/1.1 418 ")
    assert play.heard.endswith(b"invalid_token: No., /ask, 192.0.2.7")


def test_what_must_wait_goes_through(server: InProcessServer) -> None:
    assert said(lane_to(server, wait, b"GET"), ask()).by_lane == 0


def test_the_lane_takes_the_other_addresses_too(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", path_aliases={"token": ["/o/token/"]}) as server:
        client = server.register()
        server.token(client)
        basic = (raw_basic(f"{client.client_id}:{client.secret.value}".encode()),)
        for path in ("/o/token/", "/o/token", "/oauth2/token/"):
            play = said(server, Ask(path=path, authorization=basic).raw())
            assert (play.by_lane, b"access_token" in play.heard) == (1, True)
