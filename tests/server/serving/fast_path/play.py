"""Plays pieces of data to the fast path, over a transport that keeps what is written."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from uvicorn.server import ServerState

from gatepass.server import run as serving
from gatepass.server.configuration.http_limits import Limits
from gatepass.server.serving.fast_path.protocol import FastPathProtocol
from gatepass.server.serving.fast_path.routes import FastPath
from gatepass.server.serving.http1.connections import Connections
from server.fixtures import InProcessServer, settings

_TURNS = 12  # of the event loop: more than the way through ASGI takes


class Recording(asyncio.Transport):
    """A transport that keeps what is done with it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.7", 50000), "sockname": ("127.0.0.1", 8000)})
        self.writes: list[bytes] = []
        self.is_closed = False
        self.has_eof = False

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        if not self.is_closed:
            self.writes.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_eof = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class ToldLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is what it is told."""

    now = 1000.0

    def time(self) -> float:
        return self.now


class Play:
    """A connection with the fast path, in a loop of its own."""

    def __init__(
        self, server: InProcessServer, loop: ToldLoop, fast_path: FastPath | None = None
    ) -> None:
        self.loop = loop
        self.fast_path = fast_path or FastPath()
        self.transport = Recording()
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"today")]
        config = serving.config(settings(Path("unused")), lambda: server.app)
        config.load()
        self.connections = Connections(Limits())
        self.protocol = FastPathProtocol(
            config,
            self.state,
            {},
            _loop=loop,
            connections=self.connections,
            fast_path=self.fast_path,
        )
        self.protocol.connection_made(self.transport)

    @property
    def heard(self) -> bytes:
        return b"".join(self.transport.writes)

    @property
    def by_fast_path(self) -> int:
        """Return how many requests of this connection the fast path has answered."""
        return self.fast_path.responses

    async def say(self, *pieces: bytes) -> None:
        """Let data arrive, piece by piece, each in a turn of its own."""
        for piece in pieces:
            self.protocol.data_received(piece)
            await self.rest()

    async def rest(self) -> None:
        """Let the loop do what is to be done."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def until(self, seconds: float) -> None:
        """Let the time become so many seconds after the beginning."""
        self.loop.now = ToldLoop.now + seconds
        await self.rest()


def played(
    server: InProcessServer,
    scene: Callable[[Play], Coroutine[Any, Any, None]],
    fast_path: FastPath | None = None,
) -> Play:
    """Run a scene with a new connection and give that."""
    loop = ToldLoop()

    async def run() -> Play:
        play = Play(server, loop, fast_path)
        await scene(play)
        play.protocol.connection_lost(None)
        await play.rest()
        return play

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(run())


def said(server: InProcessServer, *pieces: bytes, fast_path: FastPath | None = None) -> Play:
    """Say pieces over a new connection."""

    async def scene(play: Play) -> None:
        await play.say(*pieces)

    return played(server, scene, fast_path)
