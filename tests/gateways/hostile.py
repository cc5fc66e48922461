"""Hostile byte streams from tests/vectors/http/smuggling.json, sent over raw sockets."""

import json
import re
import select
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_VECTORS = Path(__file__).parents[1] / "vectors" / "http" / "smuggling.json"
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


def exchange(port: int, pieces: Iterable[bytes], *, pause: float = 0.0, end: bool = True) -> bytes:
    """Send pieces, each in a packet of its own, and return all that comes until the end.

    `pause` is how long, in seconds, each piece waits for an early answer to the earlier ones;
    `end` closes the sending side, so that the server closes when it has answered all.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), _WITHIN) as connection, suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            if pause and select.select([connection], [], [], pause)[0]:
                received += connection.recv(65536)
        if end:
            connection.shutdown(socket.SHUT_WR)
        while some := connection.recv(65536):
            received += some
    return received


def statuses(received: bytes) -> list[int]:
    """Return the status of each answer on a connection."""
    return [int(status) for status in _STATUS.findall(received)]
