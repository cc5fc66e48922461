"""Requests with a body that offer an upgrade, to real endpoints, cut at every place."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from gatepass.server.configuration.http_limits import Limits
from gatepass.server.serving.fast_path import fast_path_protocol
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.protocol import HttpProtocol
from gatepass.server.serving.uvicorn_compat import protocol
from gatepass.wire.metadata import INTROSPECT, PARTNER_API, REVOKE, TOKEN
from server.fixtures import FORM, InProcessServer, raw_basic
from server.serving.fast_path.doors import Response
from server.serving.http1.connection import MemoryTransport
from server.serving.http1.streams import MARKER

_PATIENCE = 30.0  # seconds: ends a test that hangs
_HOST = b"Host: localhost:8000\r\n"
_NEXT = b"GET /healthz HTTP/1.1\r\n" + _HOST + b"\r\n"
_OFFERS = {
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "foo": b"Connection: keep-alive, upgrade\r\nUpgrade: foo\r\n",
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
}
_ENDPOINTS = ("token", "introspection", "revocation", "partner API", "login", "health")
_SLOW = ("partner API", "login")  # these are cut at fewer places


class Request(NamedTuple):
    """A request without what declares its body, and what its answer must be and have."""

    line: bytes
    fields: bytes
    body: bytes
    statuses: tuple[int, ...]
    has: bytes

    def raw(self, offer: bytes, *, chunked: bool) -> bytes:
        declared, body = b"Content-Length: %d\r\n" % len(self.body), self.body
        if chunked:
            declared, half = b"Transfer-Encoding: chunked\r\n", len(body) // 2
            body = b"%x;a=b\r\n%b\r\n%x\r\n%b\r\n0\r\nX: y\r\n\r\n" % (
                half,
                body[:half],
                len(body) - half,
                body[half:],
            )
        return (
            b"%b HTTP/1.1\r\n%b%b%b%b\r\n"
            % (
                self.line,
                _HOST,
                self.fields,
                offer,
                declared,
            )
            + body
        )


class Connected:
    """Connections to the real application, in memory, in an event loop of their own."""

    def __init__(self, server: InProcessServer, *, has_fast_path: bool) -> None:
        self._runner = asyncio.Runner()
        ours = fast_path_protocol() if has_fast_path else HttpProtocol
        self._make = protocol(Connections(Limits()), ours=ours)
        self._config = uvicorn.Config(server.app, ws="none", lifespan="off", log_config=None)
        self._config.load()

    def close(self) -> None:
        self._runner.close()

    def ask(self, *pieces: bytes, answers: int = 1) -> list[Response]:
        """Send `pieces` over a new connection; return its answers, when there are that many."""
        return self._runner.run(self._ask(pieces, answers))

    async def _ask(self, pieces: tuple[bytes, ...], answers: int) -> list[Response]:
        transport, state = MemoryTransport(), ServerState()
        loop = asyncio.get_running_loop()
        made = cast("Any", self._make(self._config, state, {}, _loop=loop))
        made.connection_made(transport)
        for piece in pieces:
            made.data_received(piece)
            for _ in range(3):
                await asyncio.sleep(0)
        async with asyncio.timeout(_PATIENCE):
            while transport.written.count(b"HTTP/1.1 ") < answers or state.tasks:
                await asyncio.sleep(0 if not state.tasks else 0.0005)
                if transport.has_ended:
                    break
        for _ in range(3):
            await asyncio.sleep(0)
        responses = list(_responses(bytes(transport.written)))
        assert not transport.has_ended, [each.line for each in responses]
        transport.close()
        made.connection_lost(None)
        return responses


def _responses(written: bytes) -> Iterator[Response]:
    while written:
        head, _, written = written.partition(b"\r\n\r\n")
        response = Response(head, b"")
        size = int(response.header(b"content-length") or 0)
        response.body, written = written[:size], written[size:]
        yield response


def _form(path: str, fields: bytes, body: bytes, has: bytes, *statuses: int) -> Request:
    line, kind = b"POST " + path.encode(), f"Content-Type: {FORM}\r\n".encode()
    return Request(line, fields + kind, body, statuses, has)


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "ASGI"])
def connected(server: InProcessServer, request: pytest.FixtureRequest) -> Iterator[Connected]:
    made = Connected(server, has_fast_path=request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def make(server: InProcessServer, connected: Connected) -> Callable[[str], Request]:
    client = server.register()
    token = server.token(client, scope="write").encode()
    basic = raw_basic(f"{client.client_id}:{client.secret.value}".encode()).encode()
    auth = b"Authorization: " + basic + b"\r\n"
    about = b"token=" + token + b"&a=" + MARKER.split(b"\r\n")[0].replace(b" ", b"+")

    def made(endpoint: str) -> Request:
        if endpoint == "token":
            grant = b"grant_type=client_credentials&scope=read"
            return _form(TOKEN, auth, grant, b'"access_token"', 200)
        if endpoint == "introspection":
            return _form(INTROSPECT, auth, about, b'"active": true', 200)
        if endpoint == "revocation":
            return _form(REVOKE, auth, b"token=unknown", b"", 200)
        if endpoint == "partner API":
            line = f"POST {PARTNER_API}/org/{client.application.org_id}/users".encode()
            fields = b"Authorization: Bearer " + token + b"\r\nContent-Type: application/json\r\n"
            body = json.dumps({"email": "no address", "role": "user"}).encode()
            return Request(line, fields, body, (422,), b"email")
        if endpoint == "login":
            return _login(connected)
        return Request(b"GET /healthz", b"", MARKER, (200,), b"")

    return made


def _login(connected: Connected) -> Request:
    """Return a login form without a password; only its body keeps it from being answered 403."""
    path = b"/accounts/login/"
    [page] = connected.ask(b"GET " + path + b" HTTP/1.1\r\n" + _HOST + b"\r\n")
    cookies = [value.partition(b";")[0] for name, value in page.headers if name == b"set-cookie"]
    found = re.search(rb'name="csrf" value="([^"]*)"', page.body)
    assert found
    fields = b"Cookie: %b\r\nOrigin: http://localhost:8000\r\n" % b"; ".join(cookies)
    body = b"csrf=%b&username=anna-marker&password=" % found[1]
    return _form(path.decode(), fields, body, b"<h1", 400, 429)


def _places(endpoint: str, raw: bytes) -> list[int]:
    step = 23 if endpoint in _SLOW else 1
    end_of_head = raw.index(b"\r\n\r\n")
    edges = range(end_of_head - 1, end_of_head + 8, 3 if step > 1 else 1)
    return sorted({*range(1, len(raw), step), *edges})


@pytest.mark.spec("RFC 9110", "7.8")
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("offer", _OFFERS)
@pytest.mark.parametrize("endpoint", _ENDPOINTS)
def test_an_offer_to_upgrade_changes_nothing_wherever_the_request_is_cut(
    connected: Connected,
    make: Callable[[str], Request],
    endpoint: str,
    offer: str,
    chunked: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    request = make(endpoint)
    raw = request.raw(_OFFERS[offer], chunked=chunked)
    for place in _places(endpoint, raw):
        answer, after = connected.ask(raw[:place], raw[place:] + _NEXT, answers=2)

        assert answer.status in request.statuses, (place, answer.body)
        assert after.status == 200
        assert request.has in answer.body


@pytest.mark.spec("RFC 9110", "9.3.6")
@pytest.mark.parametrize("body", [b"", MARKER], ids=["no body", "a body"])
@pytest.mark.parametrize("target", [b"localhost:8000", TOKEN.encode()])
def test_connect_is_refused_and_the_connection_closed(
    connected: Connected, target: bytes, body: bytes
) -> None:
    raw = b"CONNECT %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n" % (target, _HOST, len(body))
    for place in range(1, len(raw + body)):
        with pytest.raises(AssertionError, match=r"HTTP/1.1 (400|405|501) ") as ended:
            connected.ask((raw + body)[:place], (raw + body)[place:] + _NEXT, answers=2)
        assert str(ended.value).count("HTTP/1.1 ") == 1
