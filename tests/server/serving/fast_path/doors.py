"""Servers with and without the fast path, on one data directory and one clock."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import uvicorn

from gatepass.server import run
from gatepass.server.app import Gatepass, create
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.fixtures import InProcessServer, new_clock, settings

_PATIENCE = 30.0  # seconds


class Door:
    """A server in a thread, behind a real socket: on `port`, and known by it, or on any."""

    def __init__(self, data: Path, clock: Clock, port: int = 0, **given: Any) -> None:  # noqa: ANN401
        if port:
            given |= {"port": port, "sandbox_port": port + 1}
        chosen = settings(data, stale_grace_seconds=3600, **given)
        self.app = create(chosen, clock)
        self.server = InProcessServer(self.app, clock, data)
        self.has_fast_path = chosen.fast_path
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listening.getsockname()[1]
        self.config = run.config(chosen, self._make)
        made: Any = self.config.http
        self._fast_path = made.keywords.get("fast_path")
        self.config.lifespan = (
            "off"  # nothing is followed or flushed: memory is as requests left it
        )
        self.uvicorn = uvicorn.Server(self.config)
        self._thread = threading.Thread(target=self.uvicorn.run, args=([self._listening],))

    def _make(self) -> Gatepass:
        return self.app

    def __enter__(self) -> Self:
        for environment in self.app.environments:
            environment.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.uvicorn.should_exit = True
        self._thread.join(_PATIENCE)
        for environment in self.app.environments:
            maintenance.close(environment)
        self._listening.close()

    @property
    def by_fast_path(self) -> int:
        """Return how many requests the fast path has answered."""
        return self._fast_path.responses if self._fast_path else 0

    def rest(self) -> None:
        """Wait until nothing is being done: a bad request is refused before it is dealt with."""
        while self.uvicorn.server_state.tasks:
            time.sleep(0.001)

    def connect(self) -> "Line":
        return Line(socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE))


@contextmanager
def door(data: Path, clock: Clock | None = None, **given: Any) -> Iterator[Door]:  # noqa: ANN401
    with Door(data, clock or new_clock(), **given) as opened:
        yield opened


class Response:
    """What came back, byte for byte."""

    def __init__(self, head: bytes, body: bytes) -> None:
        status, *lines = head.split(b"\r\n")
        self.line = status
        self.headers = [tuple(line.split(b": ", 1)) for line in lines]
        self.body = body

    @property
    def status(self) -> int:
        return int(self.line.split()[1])

    def header(self, name: bytes) -> bytes | None:
        return next((each[1] for each in self.headers if each[0] == name), None)

    @property
    def ends(self) -> bool:
        return self.header(b"connection") == b"close"


class Line:
    """A connection that says bytes and hears responses; a reset is an end like any other."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._heard = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def say_last(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.socket.shutdown(socket.SHUT_WR)

    def hear(self, *, to_head: bool = False) -> Response | None:
        """Return the next response, None where the connection ends before it is whole."""
        if not self._hear_until(lambda: b"\r\n\r\n" in self._heard):
            return None
        head, _, self._heard = self._heard.partition(b"\r\n\r\n")
        response = Response(head, b"")
        size = int(response.header(b"content-length") or 0)
        if to_head or response.status < 200:
            return response
        if not self._hear_until(lambda: len(self._heard) >= size):
            return None
        response.body, self._heard = self._heard[:size], self._heard[size:]
        return response

    def is_over(self) -> bool:
        """Wait until the server has closed; False where it says something more."""
        return not self._hear_until(lambda: bool(self._heard))

    def has_nothing_left(self) -> bool:
        """Return whether all that came was whole responses."""
        return not self._heard

    def _hear_until(self, is_enough: Any) -> bool:  # noqa: ANN401 - a function of nothing
        while not is_enough():
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return False
            if not more:
                return False
            self._heard += more
        return True
