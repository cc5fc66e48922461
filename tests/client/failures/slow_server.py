"""A server that never stops sending and never ends, a byte at a time."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from client.processes import TIMEOUT

PAUSE = 0.02  # seconds between two bytes

# What is sent at once, then: an endless header, body, or the first part of a TLS handshake.
HEADER = b"HTTP/1.1 200 OK\r\nX-Long: "
BODY = b"HTTP/1.1 200 OK\r\n\r\n"
HANDSHAKE = b"\x16\x03\x03\x40\x00"


@contextmanager
def dripping(begin: bytes, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, Event]]:
    """Return the port, and an event that is set when no client came in time.

    It drips until the client hangs up or the block ends; a client that hangs up only after
    TIMEOUT is one that waits for good.
    """
    stopped, hung_up = Event(), Event()

    def drip(plain: socket.socket) -> None:
        with suppress(OSError), plain:
            stream = context.wrap_socket(plain, server_side=True) if context else plain
            with stream:
                stream.sendall(begin)
                end = time.monotonic() + TIMEOUT
                while time.monotonic() < end and not stopped.wait(PAUSE):
                    stream.sendall(b"x")
                return
        hung_up.set()

    def accept() -> None:
        with suppress(OSError):
            while True:
                Thread(target=drip, args=(door.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=accept, daemon=True).start()
        try:
            yield door.getsockname()[1], hung_up
        finally:
            stopped.set()
            door.shutdown(socket.SHUT_RDWR)
