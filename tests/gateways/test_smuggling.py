"""A stranger attacks through real gateways: no body becomes a request, no answer is another's."""

import base64
import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from gatepass.wire.metadata import TOKEN
from gateways.gateway import NAMES, Gateway, program, started
from gateways.hostile import STREAMS, Stream, exchange, statuses
from harness import Credentials, Organization, Server, free_ports, serving
from stories.portal import PASSWORD, Portal

FORGED = "203.0.113.66"  # a source that the stranger is not at
ROUNDS = 8
_FILES = Path(__file__).parent / "forwarding"
_OFFERS = [stream for stream in STREAMS if stream.kind == "offer"]


class Front(NamedTuple):
    """A gateway before the server, and a client with an administrator of theirs."""

    gateway: Gateway
    server: Server
    client: Credentials
    homely: Credentials
    organization: Organization

    @property
    def port(self) -> int:
        return self.gateway.port

    @property
    def host(self) -> str:
        return f"localhost:{self.server.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("smuggling") / "data"
    with serving(data, variables={"GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]'}) as running:
        yield running


@pytest.fixture(scope="module")
def organization(server: Server) -> Organization:
    made = server.create_organization("Acme", "anna")
    with Portal(server) as portal:
        portal.begin(made)
    return made


@pytest.fixture(scope="module")
def client(server: Server, organization: Organization) -> Credentials:
    return server.create_application(organization.org_id)


@pytest.fixture(scope="module")
def homely(server: Server, organization: Organization) -> Credentials:
    """A client that may only call from FORGED."""
    what = ("--organization", organization.org_id, "--name", "Homely", "--network", FORGED)
    ran = server.run("application", "create", *what, "--scope", "read", "--json")
    return Credentials(**json.loads(ran.out))


@pytest.fixture(scope="module", params=NAMES)
def front(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server: Server,
    client: Credentials,
    homely: Credentials,
    organization: Organization,
) -> Iterator[Front]:
    name: str = request.param
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    folder, port = tmp_path_factory.mktemp(name), free_ports()
    shutil.copytree(_FILES / name, folder, dirs_exist_ok=True)
    for file in folder.iterdir():
        text = file.read_text().replace("8000", str(server.port)).replace("8080", str(port))
        file.write_text(text)
    with started(name, folder, port) as gateway:
        yield Front(gateway, server, client, homely, organization)


def token_request(client: Credentials, host: str, *fields: str) -> bytes:
    """Return a whole token request; `fields` are added to its head."""
    credentials = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    body = "grant_type=client_credentials"
    head = (
        f"POST {TOKEN} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Basic {credentials}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        *fields,
    )
    return "\r\n".join((*head, "", body)).encode()


def was_run(front: Front, since: int) -> bool:
    """Tell whether any request of the restricted client reached the server."""
    return front.homely.client_id in front.server.log()[since:]


def attack(front: Front, stream: Stream, inner: bytes) -> bytes:
    """Send a hostile request twice, in one packet and in two; return all answers."""
    head, body = stream.parts(TOKEN, front.host, inner)
    once = exchange(front.port, [head + body], end=False, linger=0.05, within=1.0)
    return once + exchange(front.port, [head, body], pause=0.05, end=False, linger=0.05, within=1.0)


@pytest.mark.spec("RFC 9112", "6.3")
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_a_request_inside_a_body_is_never_run(front: Front, stream: Stream) -> None:
    inner = token_request(
        front.homely, front.host, f"X-Forwarded-For: {FORGED}", "X-Forwarded-Proto: https"
    )
    since = len(front.server.log())

    received = attack(front, stream, inner)

    assert b"access_token" not in received, received
    assert victims_answer(front) == [200]
    assert not was_run(front, since)


@pytest.mark.parametrize("stream", _OFFERS, ids=lambda stream: stream.name)
def test_nobody_gets_an_answer_that_is_not_theirs(front: Front, stream: Stream) -> None:
    inner = f"GET /.well-known/jwks.json HTTP/1.1\r\nHost: {front.host}\r\n\r\n".encode()

    for _ in range(3):
        received = attack(front, stream, inner)
        assert b'"keys"' not in received, received
        for _ in range(3):
            assert victims_answer(front) == [200]


@pytest.mark.parametrize("name", ["an offer of websocket with a length", "CONNECT with a body"])
def test_a_login_at_the_portal_is_not_captured(front: Front, name: str) -> None:
    [stream] = [each for each in STREAMS if each.name == name]
    swallow = b"grant_type=client_credentials&scope="
    inner = (
        b"POST /oauth2/token/ HTTP/1.1\r\nHost: " + front.host.encode() + b"\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2000\r\n\r\n" + swallow
    )
    simple = f"GET /healthz HTTP/1.1\r\nHost: {front.host}\r\n\r\n".encode()
    stolen: list[bytes] = []

    for number in range(ROUNDS):
        with Portal(f"http://localhost:{front.port}") as portal:
            portal.http.headers["Host"] = front.host
            thief = _Thief(
                front.port, *stream.parts(TOKEN, front.host, (inner, simple)[number % 2])
            )
            answer = portal.log_in(front.organization.username, PASSWORD)
            stolen.append(thief.close())
            assert answer.status_code == 303
            assert portal.http.get("/oauth2/applications/").status_code == 200
    for each in stolen:
        assert not re.search(rb"set-cookie: *[^=]*session|csrf|anna", each, re.IGNORECASE), each


def victims_answer(front: Front) -> list[int]:
    """Return the statuses of a request with a good client's credentials; check its body."""
    received = exchange(
        front.port, [token_request(front.client, front.host)], end=False, linger=0.0
    )
    assert b"access_token" in received, received
    return statuses(received)


class _Thief:
    """Holds a connection with an attack while a victim logs in, and asks for more answers."""

    def __init__(self, port: int, head: bytes, body: bytes) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._received = b""
        self._reader = Thread(target=self._read)
        self._reader.start()
        with suppress(OSError):
            self._socket.sendall(head)
            self._socket.sendall(body)

    def _read(self) -> None:
        with suppress(OSError):
            while some := self._socket.recv(65536):
                self._received += some

    def close(self) -> bytes:
        """Ask for whatever answer is next, end the connection and return all that came."""
        with suppress(OSError):
            self._socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self._socket.shutdown(socket.SHUT_WR)
        self._reader.join(1.0)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()
        return self._received
