"""One write for an answer instead of two.

uvicorn hands the head and the body of a response to its transport one after the other, and
uvloop writes each at once: two system calls and two packets for every small answer, a tenth
of the time that a token takes. Here what is written in one turn of the event loop is joined.
"""

import asyncio
from typing import Any

STOPPING = "gatepass.stopping"
"""What the application puts into the lifespan's state, to be called when the server stops."""

_MOST = 64 * 1024  # bytes that wait for the end of the turn


def _always() -> bool:
    return True


class BufferedTransport:
    """A transport that writes once at the end of a turn; all else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing  # asked for each answer; the way below is long
        self._soon = loop.call_soon
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Write `data` with what else is written in this turn; nothing once it is closed."""
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

    def write_eof(self) -> None:
        """Write what waits, then say that nothing follows; to whoever writes it is closed."""
        self._flush()
        if not self.is_closing():
            self._transport.write_eof()
            self.is_closing = _always

    def abort(self) -> None:
        """Close at once; what waits is lost."""
        self._pieces.clear()
        self._transport.abort()

    def _flush(self) -> None:
        pieces = self._pieces
        if pieces:
            data = b"".join(pieces)
            pieces.clear()
            self._size = 0
            if not self.is_closing():  # else the other end is gone
                self._transport.write(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)
