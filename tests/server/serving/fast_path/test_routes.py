"""The routes of the fast path: which paths and methods it takes, and what it leaves to ASGI."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.server.environment.environment import Environment
from gatepass.server.http import NeedsThread, Request, Response, read_head
from gatepass.server.oauth.routes import Endpoint, Route
from gatepass.server.serving.error_responses import Failure
from gatepass.server.serving.fast_path.routes import FastPath
from gatepass.server.serving.oauth_endpoints import RouteTable
from gatepass.wire.errors import OAuthError
from server.fixtures import InProcessServer, open_passive_server, raw_basic
from server.serving.fast_path.play import Play, said
from server.serving.fast_path.requests import Ask

_GET = {"method": "GET", "body": b"", "content_type": (), "length": ()}
_DONE = Response(200, ((b"x-said", b"yes"),), b"done")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path / "data") as opened:
        yield opened


class Recorder:
    """An endpoint that records its requests."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, environment: Environment, request: Request) -> Response:
        assert environment.name == "production"
        self.requests.append(request)
        return _DONE


def refuse(_: Environment, __: Request) -> Response:
    raise OAuthError("invalid_token", "No.")


def wait(_: Environment, __: Request) -> NeedsThread:
    return NeedsThread(lambda: None)


def respond_to(failure: Failure) -> Response:
    text = f"{failure.error}, {failure.path}, {failure.source}"
    return Response(418, (), text.encode())


def play_to(server: InProcessServer, endpoint: Endpoint, methods: set[bytes], raw: bytes) -> Play:
    """Send a request to an endpoint at /ask."""
    route = Route(endpoint, "other", read_head, frozenset(methods))
    by_host = {b"localhost:8000": server.environment()}
    server.app.routes = RouteTable({"/ask": route}, {}, by_host)
    return said(server, raw, fast_path=FastPath(respond_to))


def ask(**changes: object) -> bytes:
    return Ask(**{"path": "/ask", **_GET, **changes}).raw()  # type: ignore[arg-type]


def test_an_endpoint_gets_the_same_request_as_by_asgi(server: InProcessServer) -> None:
    recorder = Recorder()
    play = play_to(server, recorder, {b"GET"}, ask(path="/ask?a=b&c", more=(("X-Odd", "Y"),)))

    assert play.heard.endswith(
        b"date: today\r\nx-said: yes\r\ncontent-length: 4\r\n\r\ndone",
    )
    headers = {b"host": b"localhost:8000", b"x-odd": b"Y"}
    assert recorder.requests == [Request(headers, b"a=b&c", b"", "192.0.2.7")]


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_a_method_that_is_not_in_the_table_goes_through(
    server: InProcessServer, method: str
) -> None:
    recorder = Recorder()
    play = play_to(server, recorder, {b"GET", b"OPTIONS"}, ask(method=method))

    assert (play.by_fast_path, len(recorder.requests)) == (0, 1)  # by ASGI


def test_what_an_endpoint_raises_becomes_an_answer(server: InProcessServer) -> None:
    play = play_to(server, refuse, {b"GET"}, ask())

    assert play.by_fast_path == 1
    assert play.heard.startswith(b"HTTP/1.1 418 ")
    assert play.heard.endswith(b"invalid_token: No., /ask, 192.0.2.7")


def test_what_must_wait_goes_through(server: InProcessServer) -> None:
    assert play_to(server, wait, {b"GET"}, ask()).by_fast_path == 0


def test_the_fast_path_takes_the_other_addresses_too(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", path_aliases={"token": ["/o/token/"]}) as server:
        client = server.register()
        server.token(client)
        basic = (raw_basic(f"{client.client_id}:{client.secret.value}".encode()),)
        for path in ("/o/token/", "/o/token", "/oauth2/token/"):
            play = said(server, Ask(path=path, authorization=basic).raw())
            assert (play.by_fast_path, b"access_token" in play.heard) == (1, True)
