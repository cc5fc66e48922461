"""Accepts connections on a bound socket and begins their TLS handshakes."""

import asyncio
import errno
import socket
from collections.abc import Callable

import structlog

_MOST_AT_ONCE = 64  # connections in one turn of the event loop
_PAUSE = 1.0  # seconds without accepting after a lack of descriptors or memory
_LACKING = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = structlog.get_logger("gatepass.server")


class Listener:
    """Accepts until it is closed; `begin` gets each accepted socket.

    It has the part of asyncio's server that uvicorn uses.
    """

    def __init__(
        self, listening: socket.socket, backlog: int, begin: Callable[[socket.socket], None]
    ) -> None:
        self._socket = listening
        self._begin = begin
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._is_closed = False
        listening.setblocking(False)
        listening.listen(backlog)
        self._resume()

    def close(self) -> None:
        """Stop accepting, and close the socket."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    async def wait_closed(self) -> None:
        """Return at once: the socket is closed, and connections end by themselves."""

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_MOST_AT_ONCE):
            try:
                accepted, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _LACKING:
                    raise
                log.error("connection.not_accepted", reason=error.strerror)  # noqa: TRY400
                self._loop.remove_reader(self._socket)
                self._pause = self._loop.call_later(_PAUSE, self._resume)
                return
            accepted.setblocking(False)
            self._begin(accepted)
