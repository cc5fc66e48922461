"""Hostile byte streams from tests/vectors/smuggling.json, sent over raw sockets."""

import json
import re
import select
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_VECTORS = Path(__file__).parents[1] / "vectors" / "smuggling.json"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_WITHIN = 20.0  # seconds until an answer must be there


class Stream(NamedTuple):
    """A hostile request: an `offer` is served whole, any other kind is refused."""

    name: str
    kind: str
    head: str
    body: str

    def parts(self, path: str, host: str, inner: bytes) -> tuple[bytes, bytes]:
        """Return head and body with `inner` as the second request inside the body."""
        body = self.body.encode().replace(b"{chunk}", b"%x\r\n" % len(inner))
        body = body.replace(b"{inner}", inner)
        length = str(len(body))
        head = self.head.replace("{path}", path).replace("{host}", host)
        return head.replace("{length}", length).encode(), body


STREAMS = tuple(Stream(**each) for each in json.loads(_VECTORS.read_text()))


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
