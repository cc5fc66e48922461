"""Slow, silent and greedy clients of a server that may open 256 files."""

import json
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from server.fixtures import raw_basic
from server.serving.fast_path.doors import Line, Response
from server.serving.fast_path.requests import Ask
from server_process import Credentials, Server, serving
from stories.processes.slow import HOW_MANY, KINDS, SlowClients, resident_kib

_DESCRIPTORS = 256
_REQUESTS = 1000
_PATIENCE = 60.0  # seconds: ends a test that hangs
_PROMPT = 20.0  # seconds: under the 30 that running requests have when the server stops
_MEGABYTE = 1 << 20
_GROWTH = 48 * 1024  # KiB by which one connection may let the server grow
_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
_HALF_HEAD = b"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Le"
_HALF_BODY = (
    b"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 29\r\n\r\ngrant_type="
)
_HALF_CHUNK = (
    b"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\na"
)
_HALVES = {"head": _HALF_HEAD, "body": _HALF_BODY, "chunk": _HALF_CHUNK}


@pytest.fixture(scope="module", autouse=True)
def _many_descriptors() -> Iterator[None]:
    """Let this process open enough connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("limited") / "data"
    with serving(data, descriptors=_DESCRIPTORS) as running:
        yield running


@pytest.fixture(scope="module")
def credentials(limited: Server) -> Credentials:
    return limited.create_application(limited.create_organization().org_id)


def _at(server: Server, raw: bytes) -> bytes:
    """Return `raw` with the server's host."""
    return raw.replace(b"Host: localhost\r\n", b"Host: localhost:%d\r\n" % server.port)


def _connect(server: Server) -> Line:
    return Line(socket.create_connection(("127.0.0.1", server.port), timeout=_PATIENCE))


def _token_request(server: Server, credentials: Credentials) -> bytes:
    basic = raw_basic(f"{credentials.client_id}:{credentials.client_secret}".encode())
    return Ask(host=(f"localhost:{server.port}",), authorization=(basic,)).raw()


def _said(response: Response | None) -> str:
    """Return in a word what came back."""
    if response is None:
        return "nothing"
    has_token = response.status == 200 and json.loads(response.body)["token_type"] == "Bearer"
    return "token" if has_token else str(response.status)


def _ask_thousand_times(server: Server, raw: bytes) -> Counter[str]:
    """Ask over one connection that is kept, then over fresh ones."""
    seen: Counter[str] = Counter()
    with _connect(server) as kept:
        for _ in range(_REQUESTS // 2):
            kept.say(raw)
            seen[f"kept: {_said(kept.hear())}"] += 1
    for _ in range(_REQUESTS // 2):
        with _connect(server) as fresh:
            fresh.say(raw)
            seen[f"fresh: {_said(fresh.hear())}"] += 1
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_500_slow_connections_keep_no_normal_client_from_its_answers(
    limited: Server, credentials: Credentials, kind: str
) -> None:
    raw = _token_request(limited, credentials)
    with SlowClients(limited.port, kind) as slow:
        assert slow.were_all_opened.wait(_PATIENCE)
        seen = _ask_thousand_times(limited, raw)
        # Who does not read notices late; without a limit it would be none.
        _wait_until(lambda: slow.closed_by_server > (HOW_MANY - _DESCRIPTORS) // 2)

    assert seen == {"kept: token": _REQUESTS // 2, "fresh: token": _REQUESTS // 2}


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_server_says_why_it_closed_connections_and_had_no_trouble(limited: Server) -> None:
    with SlowClients(limited.port, "silent") as slow:
        assert slow.were_all_opened.wait(_PATIENCE)

    assert "evicted" in limited.log()
    assert "Traceback" not in limited.log()
    assert "Too many open files" not in limited.log()


@pytest.mark.parametrize("half", _HALVES)
def test_sigterm_waits_for_no_request_that_is_half_sent(fresh_server: Server, half: str) -> None:
    process = fresh_server.process
    assert process
    with _connect(fresh_server) as begun, _connect(fresh_server) as other:
        begun.say(_at(fresh_server, _HALVES[half]))
        other.say(_HEALTH)
        assert _status(other.hear()) == 200
        process.send_signal(signal.SIGTERM)

        answer = begun.hear()  # the end, or a 408 before it
        assert answer is None or answer.status == 408
        assert begun.is_over()
        assert process.wait(_PROMPT) == 0
    assert fresh_server.events()[-1]["event"] == "server.stopped"


@pytest.mark.parametrize("half", [*_HALVES, "nothing"])
def test_who_does_not_finish_a_request_in_time_is_told_so_and_parted_with(
    impatient: Server, half: str
) -> None:
    with _connect(impatient) as line:
        line.say(_at(impatient, _HALVES.get(half, b"")))

        assert _status(line.hear()) == 408
        assert line.is_over()


@pytest.mark.parametrize("half", _HALVES)
def test_the_time_counts_for_later_requests_too(impatient: Server, half: str) -> None:
    with _connect(impatient) as line:
        line.say(_HEALTH)
        assert _status(line.hear()) == 200
        line.say(_HEALTH + _at(impatient, _HALVES[half]))
        assert _status(line.hear()) == 200

        assert _status(line.hear()) == 408
        assert line.is_over()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {"GATEPASS_HTTP__HEADER_TIMEOUT": "0.3", "GATEPASS_HTTP__BODY_TIMEOUT": "0.3"}
    with serving(tmp_path_factory.mktemp("quick") / "data", variables=variables) as running:
        yield running


def _status(response: Response | None) -> int:
    return response.status if response else 0


def _growth(server: Server, first: bytes, again: bytes, size: int) -> int:
    """Send `first`, then `again` up to `size` bytes, reading nothing.

    Another client asks after each megabyte, and must be answered. Return by how many KiB the
    server grew at most until it took all, closed the connection or did not read on.
    """
    assert server.process
    before = resident_kib(server.process.pid)
    sent, most = 0, before
    first, again = _at(server, first), _at(server, again)
    piece = again * (_MEGABYTE // len(again))
    with _connect(server) as line, ExitStack() as stack:
        line.socket.settimeout(2.0)  # seconds without progress: the server does not read
        stack.enter_context(suppress(OSError))
        line.say(first)
        while sent < size:
            line.say(piece)
            sent += len(piece)
            assert _is_well(server)
            most = max(most, resident_kib(server.process.pid))
    return max(most, resident_kib(server.process.pid)) - before


def _is_well(server: Server) -> bool:
    with _connect(server) as other:
        other.say(_HEALTH)
        return _status(other.hear()) == 200


POURED = {
    "pipelined requests": (b"", _HEALTH, 13),
    "pipelined requests for tokens": (
        b"",
        b"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\na",
        13,
    ),
    "headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-Header: " + b"a" * 90 + b"\r\n", 152),
    "one header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"a" * 128, 152),
    "a target": (b"GET /", b"a" * 128, 48),
    "a method": (b"", b"A" * 128, 48),
    "empty lines": (b"", b"\r\n" * 64, 48),
    "a chunk's extension": (
        b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        b"a" * 128,
        48,
    ),
    "trailers": (
        b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-Trailer: " + b"a" * 90 + b"\r\n",
        48,
    ),
    "a body for an endpoint that takes little": (
        b"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        b"a" * 128,
        48,
    ),
}


@pytest.mark.parametrize("poured", POURED)
def test_no_connection_makes_the_server_grow_or_late(limited: Server, poured: str) -> None:
    first, again, megabytes = POURED[poured]
    assert _is_well(limited)

    assert _growth(limited, first, again, megabytes * _MEGABYTE) < _GROWTH
    assert _is_well(limited)


@pytest.mark.parametrize(("poured", "status"), [("a target", 414), ("headers", 431)])
def test_what_is_too_long_is_refused_before_it_ends(
    limited: Server, poured: str, status: int
) -> None:
    first, again, _ = POURED[poured]
    with _connect(limited) as line:
        with suppress(OSError):  # it is closed while this is said
            line.say(first + again * (200_000 // len(again)))

        assert _status(line.hear()) == status
        assert line.is_over()
