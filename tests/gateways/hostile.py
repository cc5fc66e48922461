"""Hostile byte streams from tests/vectors/smuggling.json, sent over raw sockets."""

import json
import re
import select
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

_VECTORS = Path(__file__).parents[1] / "vectors" / "smuggling.json"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_WITHIN = 20.0  # seconds until an answer must be there


class Stream(NamedTuple):
    """A hostile request: an `offer` is served whole, any other kind is refused."""

    name: str
    kind: str
    head: str
    body: str

    def parts(self, path: str, host: str, inner: bytes, filler: bytes = b"") -> tuple[bytes, bytes]:
        """Return head and body with `inner`, behind `filler`, as a second request in the body."""
        inner = filler + inner
        body = self.body.encode().replace(b"{chunk}", b"%x\r\n" % len(inner))
        body = body.replace(b"{inner}", inner)
        length = str(len(body))
        head = self.head.replace("{path}", path).replace("{host}", host)
        return head.replace("{length}", length).encode(), body


STREAMS = tuple(Stream(**each) for each in json.loads(_VECTORS.read_text()))


def post(path: str, host: str, body: bytes, *fields: str, length: int | None = None) -> bytes:
    """Return a request with a form; `length` is what it says of its body's."""
    head = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body) if length is None else length}",
        *fields,
    )
    return "\r\n".join((*head, "", "")).encode() + body


def get(path: str, host: str, *fields: str) -> bytes:
    """Return a request."""
    return "\r\n".join((f"GET {path} HTTP/1.1", f"Host: {host}", *fields, "", "")).encode()


def exchange(
    port: int,
    pieces: Iterable[bytes],
    *,
    pause: float = 0.0,
    end: bool = True,
    linger: float = 0.0,
    within: float = _WITHIN,
) -> bytes:
    """Send pieces, each in a packet of its own, and return what comes.

    `pause` is how long, in seconds, each piece waits for an early answer to the earlier ones.
    With `end` the sending side is closed, and everything until the server closes is returned;
    without it, one whole answer, and what else comes within `linger` seconds. `within`
    bounds each wait.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), within) as connection, suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            if pause and select.select([connection], [], [], pause)[0]:
                received += connection.recv(65536)
        if end:
            connection.shutdown(socket.SHUT_WR)
        while end or not _is_whole(received) or select.select([connection], [], [], linger)[0]:
            some = connection.recv(65536)
            if not some:
                break
            received += some
    return received


def _is_whole(received: bytes) -> bool:
    head, blank, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    if length is None:
        return bool(blank) and body.endswith(b"0\r\n\r\n")
    return bool(blank) and len(body) >= int(length[1])


def statuses(received: bytes) -> list[int]:
    """Return the status of each answer on a connection."""
    return [int(status) for status in _STATUS.findall(received)]


class Thief:
    """An attacker's connection, whose pieces each go out in a packet of their own."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _WITHIN)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, piece: bytes) -> None:
        """Send a piece; the other side may have closed."""
        with suppress(OSError):
            self._socket.sendall(piece)

    def receive(self, within: float) -> bytes:
        """Return a whole answer, or what there is of one after so many seconds."""
        received = b""
        with suppress(OSError):
            while not _is_whole(received) and select.select([self._socket], [], [], within)[0]:
                some = self._socket.recv(65536)
                if not some:
                    break
                received += some
        return received
