"""Connections over the server's own TLS: certificates arrive, and handshakes are bounded."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from gatepass.server.configuration.http_limits import Limits
from gatepass.server.observability.metrics.counters import COUNTERS
from server.serving.tls.files import CLIENT, RENEWED, STRANGER, both, der_of, key_of, settings
from server.serving.tls.test_contexts import client
from server.serving.tls.tls_ports import NewLoop, Ports, ask, connect, read_all, serving

SOON = Limits(head_timeout=0.3, connections=8)
_WITHIN = 20.0  # seconds


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def new_loop(request: pytest.FixtureRequest) -> NewLoop:
    made: NewLoop = request.param
    return made


@pytest.fixture
def ports(tmp_path: Path, new_loop: NewLoop) -> Iterator[Ports]:
    with serving(settings(tmp_path), SOON, new_loop) as served:
        yield served


def eventually(is_so: Callable[[], bool]) -> bool:
    """Return whether something becomes so, within a time that is long enough for any machine."""
    ends = time.monotonic() + _WITHIN
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.01)
    return False


def ended(reason: str) -> float:
    return dict(COUNTERS.values())[("gatepass_connections_ended", (reason,))]


def test_a_request_over_tls_is_https_and_comes_whole(ports: Ports) -> None:
    body = bytes(range(256)) * 2000

    said, echo = ask(ports.main, client(), body)

    assert said == {"scheme": "https", "der": None, "validated": None, "length": len(body)}
    assert echo == body


@pytest.mark.spec("RFC 8705", "2")
def test_the_certificate_of_a_connection_arrives_with_each_request(
    ports: Ports, tmp_path: Path
) -> None:
    with_certificate = client(both(tmp_path, CLIENT, "client"))

    said, _ = ask(ports.mutual, with_certificate)
    without, _ = ask(ports.mutual, client())
    elsewhere, _ = ask(ports.main, with_certificate)

    assert (said["der"], said["validated"]) == (der_of(CLIENT).hex(), True)
    assert without["der"] is None
    assert elsewhere["der"] is None


def test_a_certificate_of_a_stranger_ends_the_handshake_and_is_counted(
    ports: Ports, tmp_path: Path
) -> None:
    before = ended("handshake")
    stranger = client(both(tmp_path, STRANGER, "stranger"))
    with (
        connect(ports.mutual) as raw,
        stranger.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        received = b""
        with suppress(OSError):  # TLS 1.3 has let the client send before it is refused
            secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = read_all(secure)

    assert received == b""

    assert eventually(lambda: ended("handshake") == before + 1)
    assert eventually(lambda: len(ports.connections) == 0)


def test_plain_http_gets_an_answer_that_names_https(ports: Ports) -> None:
    for port in (ports.main, ports.mutual):
        with connect(port) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = read_all(plain)

        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"https://" in answer
    assert eventually(lambda: len(ports.connections) == 0)


@pytest.mark.parametrize(
    "sent",
    [b"\x16", b"\x16\x03\x01\xff\xff" + b"\0" * 70000, b"\x16\x03\x01\x00\x05hello", b"\0" * 100],
)
def test_no_garbage_hurts_others(ports: Ports, sent: bytes) -> None:
    with connect(ports.main) as garbage:
        with suppress(OSError):  # the server may have closed meanwhile
            garbage.sendall(sent)
        with suppress(OSError):
            read_all(garbage)

    assert ask(ports.main, client(), b"fine")[1] == b"fine"
    assert eventually(lambda: len(ports.connections) == 0)


@pytest.mark.parametrize("sent", [b"", b"\x16", b"\x16\x03\x01\x02\x00"])
def test_a_handshake_that_stalls_is_ended_in_time(ports: Ports, sent: bytes) -> None:
    before = ended("handshake_timeout")
    with connect(ports.main) as stalled:
        stalled.sendall(sent)
        with suppress(ConnectionResetError):
            assert read_all(stalled) == b""

    assert ended("handshake_timeout") == before + 1
    assert len(ports.connections) == 0
    assert ports.state.connections == set()


def test_a_handshake_byte_by_byte_is_ended_in_time(ports: Ports) -> None:
    hello = ssl.MemoryBIO()
    end = client().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        end.do_handshake()
    before = ended("handshake_timeout")

    with connect(ports.main) as slow, suppress(OSError):
        for byte in hello.read():
            slow.sendall(bytes((byte,)))
            if slow_end(slow):
                break

    assert eventually(lambda: ended("handshake_timeout") == before + 1)


def slow_end(connection: socket.socket) -> bool:
    """Wait a moment; return whether the other end has closed."""
    connection.settimeout(0.02)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def test_at_the_limit_the_oldest_stalled_handshake_makes_room(
    tmp_path: Path, new_loop: NewLoop
) -> None:
    patient = Limits(head_timeout=60, connections=4)
    with serving(settings(tmp_path), patient, new_loop) as ports:
        before = ended("evicted")
        stalled = [connect(ports.main) for _ in range(12)]
        for each in stalled[::2]:
            each.sendall(b"\x16\x03")

        assert ask(ports.main, client(), b"served")[1] == b"served"

        assert ended("evicted") >= before + 9
        assert len(ports.connections) <= 4
        for each in stalled:
            each.close()


def test_the_next_connection_gets_a_renewed_certificate_and_those_open_go_on(
    tmp_path: Path, new_loop: NewLoop
) -> None:
    given = settings(tmp_path)
    with serving(given, Limits(), new_loop) as ports:
        context = client()
        with (
            connect(ports.main) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as kept,
        ):
            (tmp_path / "cert.pem").write_bytes(RENEWED.pem)
            (tmp_path / "key.pem").write_bytes(key_of(RENEWED))

            assert eventually(lambda: served_now(ports, context) == der_of(RENEWED))

            kept.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert read_all(kept).startswith(b"HTTP/1.1 200")


def served_now(ports: Ports, context: ssl.SSLContext) -> bytes | None:
    with (
        connect(ports.main) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        return secure.getpeercert(binary_form=True)


def test_a_request_that_does_not_come_in_time_gets_408_over_tls(ports: Ports) -> None:
    with (
        connect(ports.main) as raw,
        client().wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET / HT")

        assert secure.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_malformed_request_gets_400_over_tls(ports: Ports) -> None:
    with (
        connect(ports.main) as raw,
        client().wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET  /  nonsense\r\n\r\n" + b"x" * 10000)

        assert secure.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_server_that_ends_serves_who_has_just_connected(
    ports: Ports,
    has_begun: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    hello, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = client().wrap_bio(answer, hello, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        end.do_handshake()
    with connect(ports.main) as raw:
        assert eventually(lambda: len(ports.connections) == 1)
        if has_begun:
            raw.sendall(hello.read())
            answer.write(raw.recv(65536))
        asyncio.run_coroutine_threadsafe(stop(ports), ports.loop).result(_WITHIN)
        if not has_begun:
            raw.sendall(hello.read())
            answer.write(raw.recv(65536))
        end.do_handshake()
        end.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        raw.sendall(hello.read())
        received = b""
        while not received.startswith(b"HTTP/1.1 200"):
            answer.write(raw.recv(65536))
            with suppress(ssl.SSLWantReadError):
                received += end.read(65536)

    assert b"connection: close" in received


async def stop(ports: Ports) -> None:
    """Begin to end all connections, as the server does when it stops."""
    for connection in list(ports.state.connections):
        connection.shutdown()


def test_who_connects_and_sends_nothing_does_not_keep_a_server_that_ends(ports: Ports) -> None:
    with connect(ports.main) as silent:
        assert eventually(lambda: len(ports.connections) == 1)
        asyncio.run_coroutine_threadsafe(stop(ports), ports.loop).result(_WITHIN)

        with suppress(ConnectionResetError):
            assert read_all(silent) == b""
    assert ports.state.connections == set()


def test_no_changed_client_hello_hurts_the_server(tmp_path: Path) -> None:
    hello = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        client().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    sent = hello.read()
    variants = [
        *(sent[:cut] for cut in range(1, len(sent), 16)),
        *(
            bytes((*sent[:place], sent[place] ^ flip, *sent[place + 1 :]))
            for place in range(len(sent))
            for flip in (0x01, 0x80)
        ),
        sent * 3,
        sent[:5] + sent,
    ]
    patient = Limits(head_timeout=60, connections=32)
    with serving(settings(tmp_path), patient, uvloop.new_event_loop) as ports:
        for variant in variants:
            with connect(ports.main) as hostile, suppress(OSError):
                hostile.sendall(variant)
        assert ask(ports.main, client(), b"fine")[1] == b"fine"
        assert eventually(lambda: len(ports.connections) == 0)
