"""One write for an answer instead of two.

uvicorn hands the head and the body of a response to its transport one after the other, and
uvloop writes each at once: two system calls and two packets for every small answer, a tenth
of the time that a token takes. Here what is written in one turn of the event loop is joined.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STOPPING = "gatepass.stopping"
"""What the application puts into the lifespan's state, to be called when the server stops."""

_MOST = 64 * 1024  # bytes that wait for the end of the turn


class JoiningTransport:
    """A transport that writes once at the end of a turn; all else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing  # asked for each answer; the way below is long
        self._soon = loop.call_soon
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Write `data` with what else is written in this turn."""
        if not self._pieces:
            self._soon(self._flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self._flush()

    def close(self) -> None:
        """Write what waits, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)


class JoiningProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol over a transport that joins."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(JoiningTransport(transport, self.loop))  # type: ignore[arg-type]

    def shutdown(self) -> None:
        """Begin the end of the connection; a request that only waits must not put it off."""
        super().shutdown()
        stopping = self.app_state.get(STOPPING)
        if stopping:
            stopping()
