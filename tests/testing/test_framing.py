"""The test servers serve a request whole or refuse it: no byte of a body becomes a request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from gatepass.guard.testing import FakeIssuer
from gatepass.testing import FakeServer
from gatepass.wire import basic
from gatepass.wire.metadata import INTROSPECT
from gatepass.wire.secret import Secret
from gateways.hostile import STREAMS, Stream, exchange, statuses

FORM = b"grant_type=client_credentials&scope=whole"


class Target(NamedTuple):
    """A test server, and an event that is set when the inner request runs."""

    port: int
    path: str
    inner: bytes
    was_run: Callable[[], bool]


@contextmanager
def token_endpoint() -> Iterator[Target]:
    with FakeServer() as server:
        inner = b"GET /api/inner HTTP/1.1\r\nHost: localhost\r\n\r\n"
        port = urlsplit(server.url).port or 0
        yield Target(port, "/token", inner, lambda: bool(server.api_requests))


@contextmanager
def issuer() -> Iterator[Target]:
    with FakeIssuer() as running:
        inner = b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: localhost\r\n\r\n"
        yield Target(urlsplit(running.url).port or 0, INTROSPECT, inner, lambda: False)


@pytest.fixture(params=[token_endpoint, issuer])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with request.param() as opened:
        yield opened


@pytest.mark.spec("RFC 9112", "6.3")
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_a_hostile_request_has_one_answer_and_its_body_is_not_run(
    target: Target, stream: Stream
) -> None:
    head, body = stream.parts(target.path, "localhost", target.inner)

    for pieces in ([head + body], [head, body]):
        received = exchange(target.port, pieces, pause=0.02 * (len(pieces) - 1))
        answered = statuses(received)
        assert len(answered) == 1, received
        assert answered[0] >= 400, received
        assert not target.was_run()


@pytest.mark.spec("RFC 9110", "7.8")
@pytest.mark.parametrize("encoding", ["length", "chunks"])
def test_an_upgrade_offer_is_ignored_and_the_body_is_whole_at_every_split(encoding: str) -> None:
    with FakeServer() as server:
        credentials = basic.write(server.client_id, Secret(server.secrets[0]))
        whole = _offer(credentials, encoding)
        port = urlsplit(server.url).port or 0

        for split in range(1, len(whole)):
            assert statuses(exchange(port, [whole[:split], whole[split:]])) == [200], split
        assert {each.scope for each in server.token_requests} == {"whole"}
        assert len(server.token_requests) == len(whole) - 1


@pytest.mark.parametrize("encoding", ["length", "chunks"])
def test_the_issuer_reads_the_whole_form_at_every_split(encoding: str) -> None:
    with FakeIssuer() as issuer:
        token = issuer.opaque("read")
        credentials = basic.write(issuer.client_id, Secret(issuer.client_secret))
        whole = _offer(credentials, encoding, INTROSPECT, f"token={token}".encode())
        port = urlsplit(issuer.url).port or 0

        for split in range(1, len(whole)):
            received = exchange(port, [whole[:split], whole[split:]])
            assert statuses(received) == [200], split
            assert b'"active": true' in received


@pytest.mark.spec("RFC 9112", "7.1.2")
def test_trailers_are_no_request() -> None:
    with FakeServer() as server:
        port = urlsplit(server.url).port or 0
        head = b"POST /api/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        received = exchange(port, [head + b"1\r\na\r\n0\r\nX-Trailer: a\r\nX-Other: b\r\n\r\n"])

    assert statuses(received) == [401]
    assert [each.body for each in server.api_requests] == [b"a"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n", 413),
        (b"POST /api HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /api HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", 400),
        (b"GET /api HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_request_that_is_too_long_or_unfinished_is_refused(head: bytes, status: int) -> None:
    with FakeServer() as server:
        received = exchange(urlsplit(server.url).port or 0, [head])

    assert statuses(received) == [status]
    assert server.api_requests == []


def _offer(credentials: str, encoding: str, path: str = "/token", form: bytes = FORM) -> bytes:
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in (form[:7], form[7:]))
    length, body = {
        "length": (b"Content-Length: %d" % len(form), form),
        "chunks": (b"Transfer-Encoding: chunked", chunks + b"0\r\n\r\n"),
    }[encoding]
    return b"\r\n".join(
        (
            f"POST {path} HTTP/1.1".encode(),
            b"Host: localhost",
            b"Connection: Upgrade, HTTP2-Settings",
            b"Upgrade: h2c",
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            f"Authorization: {credentials}".encode(),
            b"Content-Type: application/x-www-form-urlencoded",
            length,
            b"",
            body,
        )
    )
