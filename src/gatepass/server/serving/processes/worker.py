"""One process that serves: uvicorn's server with a limit for its end and signs of life."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

import structlog
import uvicorn

from gatepass.server.serving.processes.supervisor import ANSWER, READY, STARTING, WAITING
from gatepass.server.serving.readiness import Readiness

_BEAT_EVERY = 0.5  # seconds
_MOST_READ = 16  # bytes

log = structlog.get_logger("gatepass.server")


class LimitedServer(uvicorn.Server):
    """Ends within `limit` seconds of SIGTERM or SIGINT, whatever a thread waits for then.

    With a `channel` it tells its supervisor every half second that its event loop turns, and ends
    when the supervisor is gone.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        limit: float,
        readiness: Readiness,
        channel: socket.socket | None = None,
    ) -> None:
        super().__init__(config)
        self._limit = limit
        self._readiness = readiness
        self._channel = channel
        self._is_ending = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._beat: asyncio.Task[None] | None = None
        threading.Thread(target=self._end_in_time, name="limit of the end", daemon=True).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end, and its limit; a database is no longer waited for."""
        super().handle_exit(sig, frame)
        self._is_ending.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._readiness.answers.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and listen once it can answer."""
        self._loop = asyncio.get_running_loop()
        if self._channel is not None:
            self._channel.setblocking(False)
            self._loop.add_reader(self._channel, self._listen_to, self._channel)
            self._beat = asyncio.create_task(self._tell(self._channel))
        try:
            await super().startup(sockets)
        except OSError as error:  # another server has begun to listen on the port meanwhile
            log.error("start.failed", reason=error.strerror)  # noqa: TRY400 - one line is enough
            await self.lifespan.shutdown()
            sys.exit(uvicorn.config.STARTUP_FAILURE)

    async def _tell(self, channel: socket.socket) -> None:
        while True:
            with suppress(BlockingIOError, ConnectionError):
                channel.send(self._state())
            await asyncio.sleep(_BEAT_EVERY)

    def _state(self) -> bytes:
        if self._readiness.is_ready and self.started:
            return READY
        is_away = self._readiness.waits.is_set() and not self._readiness.is_ready
        return WAITING if is_away else STARTING

    def _listen_to(self, channel: socket.socket) -> None:
        """Take a word of the supervisor, or note that it is gone."""
        with suppress(BlockingIOError, ConnectionError):
            if ANSWER in channel.recv(_MOST_READ):
                self._readiness.answers.set()
                return
        asyncio.get_running_loop().remove_reader(channel)
        self.handle_exit(signal.SIGTERM, None)

    def _end_in_time(self) -> None:
        self._is_ending.wait()
        time.sleep(self._limit)
        log.error("server.killed", reason=f"did not end within {self._limit:g} seconds")
        sys.stderr.flush()
        os._exit(1)
