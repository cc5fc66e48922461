"""Requests that offer an upgrade, in pieces over real connections to a real server."""

import json
import socket
from collections.abc import Iterator

import pytest

from server.fixtures import FORM, raw_basic
from server.serving.fast_path.doors import Line
from server_process import Credentials, Server

_PATIENCE = 60.0  # seconds: ends a test that hangs
_BODY = b"grant_type=client_credentials"
_OFFERS = {
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "foo": b"Connection: Upgrade\r\nUpgrade: foo\r\n",
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
}
_FRAMED = {
    "length": (b"Content-Length: 29\r\n", _BODY),
    "chunks": (
        b"Transfer-Encoding: chunked\r\n",
        b"5\r\ngrant\r\n18;a=b\r\n_type=client_credentials\r\n0\r\n\r\n",
    ),
}


@pytest.fixture(scope="module")
def credentials(server: Server) -> Credentials:
    return server.create_application(server.create_organization().org_id)


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    with Line(socket.create_connection(("127.0.0.1", server.port), timeout=_PATIENCE)) as opened:
        opened.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield opened


@pytest.mark.spec("RFC 9110", "7.8")
@pytest.mark.parametrize("framed", _FRAMED)
@pytest.mark.parametrize("offer", _OFFERS)
def test_every_cut_of_a_request_with_an_offer_gives_a_token_on_one_connection(
    server: Server, credentials: Credentials, line: Line, offer: str, framed: str
) -> None:
    basic = raw_basic(f"{credentials.client_id}:{credentials.client_secret}".encode())
    declared, body = _FRAMED[framed]
    fields = f"Host: localhost:{server.port}\r\nAuthorization: {basic}\r\nContent-Type: {FORM}\r\n"
    head = b"POST /oauth2/token/ HTTP/1.1\r\n" + fields.encode() + _OFFERS[offer] + declared
    raw = head + b"\r\n" + body
    for place in range(1, len(raw) + 1):
        line.say(raw[:place])
        line.say(raw[place:])
        response = line.hear()

        assert response
        assert response.status == 200, (place, response.body)
        assert json.loads(response.body)["token_type"] == "Bearer"
        assert line.has_nothing_left()


@pytest.mark.spec("RFC 9110", "7.8")
def test_a_body_that_is_a_request_is_never_answered_as_one(server: Server, line: Line) -> None:
    host = b"Host: localhost:%d\r\n" % server.port
    marker = b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n"
    head = b"POST /nowhere HTTP/1.1\r\n%b%bContent-Length: %d\r\n\r\n"
    for offer in _OFFERS.values():
        line.say(head % (host, offer, len(marker)))
        line.say(marker)
        first = line.hear()
        line.say(b"GET /metrics-of-nobody HTTP/1.1\r\n" + host + b"\r\n")
        second = line.hear()

        assert first
        assert second
        assert (first.status, second.status) == (404, 404)
        assert line.has_nothing_left()


@pytest.mark.spec("RFC 9110", "9.3.6")
@pytest.mark.parametrize("target", [b"localhost:80", b"/oauth2/token/"])
@pytest.mark.parametrize("framed", _FRAMED)
def test_connect_is_refused_and_ends_the_connection(
    server: Server, line: Line, target: bytes, framed: str
) -> None:
    declared, body = _FRAMED[framed]
    host = b"Host: localhost:%d\r\n" % server.port
    line.say(b"CONNECT " + target + b" HTTP/1.1\r\n" + host + declared + b"\r\n" + body)
    response = line.hear()

    assert response
    assert response.status in {400, 405, 501}
    assert line.is_over()
