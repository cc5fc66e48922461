"""A proxy on loopback that records what it gets, and the variables that name it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

# Each way to name a proxy, in the cases that programs read.
VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """A proxy that refuses every request and keeps the beginning of each in `got`."""

    def __init__(self, door: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{door.getsockname()[1]}"
        self.got: list[bytes] = []

    def named_by(self, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the environment name this proxy by `variable` alone, without any exception."""
        for name in (*VARIABLES, "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(variable, self.url)


@contextmanager
def recording() -> Iterator[Proxy]:
    """Run a proxy until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        proxy = Proxy(door)
        thread = Thread(target=_serve, args=(door, proxy))
        thread.start()
        try:
            yield proxy
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(door: socket.socket, proxy: Proxy) -> None:
    with suppress(OSError):
        while True:
            near, _ = door.accept()
            with near, suppress(OSError):
                proxy.got.append(near.recv(65536))
                near.sendall(_REFUSAL)
