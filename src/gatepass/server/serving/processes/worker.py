"""A process that serves: uvicorn's server with a time limit for its end, and its reports."""

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

from gatepass.server.serving.processes.worker_process import READY, REFUSE, STARTING, WAITING
from gatepass.server.serving.readiness import Readiness

_REPORT_EVERY = 0.5  # seconds
_MOST_READ = 16  # bytes

log = structlog.get_logger("gatepass.server")


class LimitedServer(uvicorn.Server):
    """Ends within `limit` seconds of SIGTERM or SIGINT, even if a thread still waits then.

    With a `channel` it reports its state to its supervisor every half second from its event loop,
    and ends when the supervisor is gone.
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
        self._reports: asyncio.Task[None] | None = None
        threading.Thread(target=self._enforce_limit, name="shutdown limit", daemon=True).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, within the limit; stop waiting for a database."""
        super().handle_exit(sig, frame)
        self._is_ending.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._readiness.may_refuse.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and listen once it can respond."""
        self._loop = asyncio.get_running_loop()
        if self._channel is not None:
            self._channel.setblocking(False)
            self._loop.add_reader(self._channel, self._read_channel, self._channel)
            self._reports = asyncio.create_task(self._report(self._channel))
        try:
            await super().startup(sockets)
        except OSError as error:  # another server has begun to listen on the port meanwhile
            log.error("start.failed", reason=error.strerror)  # noqa: TRY400 - one line is enough
            await self.lifespan.shutdown()
            sys.exit(uvicorn.config.STARTUP_FAILURE)

    async def _report(self, channel: socket.socket) -> None:
        while True:
            with suppress(BlockingIOError, ConnectionError):
                channel.send(self._state())
            await asyncio.sleep(_REPORT_EVERY)

    def _state(self) -> bytes:
        if self._readiness.is_ready and self.started:
            return READY
        is_away = self._readiness.waiting.is_set() and not self._readiness.is_ready
        return WAITING if is_away else STARTING

    def _read_channel(self, channel: socket.socket) -> None:
        """Read the supervisor's message, or end because the supervisor is gone."""
        with suppress(BlockingIOError, ConnectionError):
            if REFUSE in channel.recv(_MOST_READ):
                self._readiness.may_refuse.set()
                return
        asyncio.get_running_loop().remove_reader(channel)
        self.handle_exit(signal.SIGTERM, None)

    def _enforce_limit(self) -> None:
        self._is_ending.wait()
        time.sleep(self._limit)
        log.error("server.killed", reason=f"did not end within {self._limit:g} seconds")
        sys.stderr.flush()
        os._exit(1)
