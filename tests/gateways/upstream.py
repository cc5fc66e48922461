"""A server behind a proxy that records its connections: who ended them, and what came on them."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Upstream:
    """Answers 200 to every request, except that it hangs up on those with `is_lost`."""

    def __init__(self, door: socket.socket, is_lost: Callable[[bytes], bool]) -> None:
        self.port: int = door.getsockname()[1]
        self.requests: list[bytes] = []
        self.was_left = Event()  # a connection that had a POST was ended by the proxy
        self._is_lost = is_lost
        self._lock = Lock()

    def posts(self) -> list[bytes]:
        """Return the requests that change something."""
        return [each for each in self.requests if each.startswith(b"POST ")]

    def serve(self, connection: socket.socket) -> None:
        """Serve one connection to its end."""
        had_post = False
        with connection, suppress(OSError):
            while request := _read(connection):
                had_post = had_post or request.startswith(b"POST ")
                with self._lock:
                    self.requests.append(request)
                if self._is_lost(request):
                    return
                connection.sendall(_OK)
        if had_post:
            self.was_left.set()


def _read(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        some = connection.recv(65536)
        if not some:
            return b""
        received += some
    head, _, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return received


@contextmanager
def recording(is_lost: Callable[[bytes], bool] = lambda _: False) -> Iterator[Upstream]:
    """Listen on loopback until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        upstream = Upstream(door, is_lost)
        thread = Thread(target=_accept, args=(door, upstream))
        thread.start()
        try:
            yield upstream
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(door: socket.socket, upstream: Upstream) -> None:
    with suppress(OSError):
        while True:
            connection, _ = door.accept()
            Thread(target=upstream.serve, args=(connection,), daemon=True).start()
