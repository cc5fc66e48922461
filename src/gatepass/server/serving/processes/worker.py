"""A process that serves: uvicorn's server with a drain, a time limit for its end, and reports."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn

from gatepass.server.serving.processes.sockets import LAST_CONNECTIONS, Listening
from gatepass.server.serving.processes.worker_process import (
    ABORT,
    DRAIN,
    READY,
    REFUSE,
    STARTING,
    STOP,
    WAITING,
    Limits,
)
from gatepass.server.serving.readiness import DRAINING, Readiness
from gatepass.server.serving.tls.ports import TlsPorts

_REPORT_EVERY = 0.5  # seconds
_MOST_READ = 16  # bytes
_ABORT_WITHIN = 2.0  # seconds to write what was counted

log = structlog.get_logger("gatepass.server")


class LimitedServer(uvicorn.Server):
    """Ends within its limit, even if a thread still waits then.

    SIGTERM begins a drain: the server serves on, while `/readyz` is 503 and responses say
    `Connection: close`. Then, or at SIGINT, it stops accepting and finishes what runs. A second
    signal aborts what runs. With a `channel` it obeys its supervisor instead of signals, reports
    its state every half second from its event loop, and ends when the supervisor is gone.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        limits: Limits,
        readiness: Readiness,
        sockets: Listening,
        channel: socket.socket | None = None,
        tls: TlsPorts | None = None,
    ) -> None:
        super().__init__(config)
        self._tls = tls
        self._limits = limits
        self._readiness = readiness
        self._sockets = sockets
        self._channel = channel
        self.signals: list[int] = []  # that came while it served
        self._is_ending = threading.Event()
        self._is_aborting = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        threading.Thread(target=self._enforce_limit, name="shutdown limit", daemon=True).start()

    @property
    def is_ending(self) -> bool:
        """Return whether the server ends, for whatever reason."""
        return self._is_ending.is_set() or self.should_exit

    def run_until_ended(self) -> None:
        """Serve on the sockets."""
        self.run(self._sockets.public)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begin to end, or end at once if that has begun; stop waiting for a database."""
        if self._channel is not None:  # the supervisor gets the signals of a process group, too
            return
        self.signals.append(sig)
        if self._is_ending.is_set():
            self._abort()
        elif sig == signal.SIGTERM:
            self._drain()
        else:
            self._stop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and listen once it can respond."""
        self._loop = asyncio.get_running_loop()
        if self._channel is not None:
            self._channel.setblocking(False)
            self._loop.add_reader(self._channel, self._read_channel, self._channel)
            self._tasks.append(asyncio.create_task(self._report(self._channel)))
        try:
            await self._listen(sockets)
        except OSError as error:  # another server has begun to listen on the port meanwhile
            log.error("start.failed", reason=error.strerror)  # noqa: TRY400 - one line is enough
            await self.lifespan.shutdown()
            sys.exit(uvicorn.config.STARTUP_FAILURE)

    async def _listen(self, sockets: list[socket.socket] | None) -> None:
        """Start the application, and listen as uvicorn does, or for TLS."""
        if self._tls is None:
            await super().startup(sockets)
            return
        await super().startup([])
        self.servers = cast("Any", self._tls.open(self._sockets, self._protocol, self.server_state))

    def _protocol(self) -> asyncio.Protocol:
        """Return the protocol of a connection whose TLS handshake is done."""
        kind = cast("Any", self.config.http_protocol_class)
        protocol: asyncio.Protocol = kind(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=self._loop,
        )
        return protocol

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, finish what runs, and close the application, also after an abort."""
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()

    # The end.

    def _drain(self) -> None:
        is_serving = self._readiness.is_ready and self.started
        if self._loop is None or not is_serving or not self._limits.drain:
            self._stop()
            return
        self._begin_to_end()
        self._loop.call_soon_threadsafe(self._start_drain)

    def _start_drain(self) -> None:
        self._readiness.is_draining = True
        self.lifespan.state[DRAINING] = True  # for connections to come
        for connection in self.server_state.connections:
            if drain := getattr(connection, "drain", None):  # uvicorn's protocol has none
                drain()
        if self._channel is None:
            log.info("server.draining", seconds=self._limits.drain)
            self._tasks.append(asyncio.create_task(self._end_drain()))

    async def _end_drain(self) -> None:
        await asyncio.sleep(self._limits.drain)
        self._sockets.ignore_new_connections()
        await asyncio.sleep(LAST_CONNECTIONS)
        self.should_exit = True

    def _stop(self) -> None:
        self._begin_to_end()
        self.should_exit = True

    def _abort(self) -> None:
        self._begin_to_end()
        self._is_aborting.set()
        self.should_exit = self.force_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._abort_connections)

    def _abort_connections(self) -> None:
        for connection in self.server_state.connections:
            connection.transport.abort()

    def _begin_to_end(self) -> None:
        if not self._is_ending.is_set():
            self._readiness.ends_at = time.monotonic() + self._limits.end
        self._is_ending.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._readiness.may_refuse.set)

    def _enforce_limit(self) -> None:
        self._is_ending.wait()
        if self._is_aborting.wait(self._limits.end):
            time.sleep(_ABORT_WITHIN)
            reason = "a second signal"
        else:
            reason = f"did not end within {self._limits.end:g} seconds"
        log.error("server.killed", reason=reason)
        sys.stderr.flush()
        os._exit(1)

    # The supervisor.

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
        """Do what the supervisor says, or end because the supervisor is gone."""
        try:
            said = channel.recv(_MOST_READ)
        except BlockingIOError:
            return
        except ConnectionError:
            said = b""
        if REFUSE in said:
            self._readiness.may_refuse.set()
        if DRAIN in said:
            self._drain()
        if STOP in said:
            self._stop()
        if ABORT in said:
            self._abort()
        if not said:
            asyncio.get_running_loop().remove_reader(channel)
            self._stop()
