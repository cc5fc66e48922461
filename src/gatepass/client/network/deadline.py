"""Ends the connection of a token request at its deadline, by httpx2's trace extension."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import Event, Timer
from time import monotonic

import httpx2


class Connection:
    """The socket of one request, which another thread shuts down at the deadline.

    httpx2's timeouts restart with each byte received; an endpoint that sends a byte a second
    would block a caller for hours.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = monotonic() + seconds
        self._socket: socket.socket | None = None
        self.is_over = Event()  # the deadline has passed

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Keep the socket as soon as there is one, to the endpoint or to a proxy before it.

        This is an extension of httpx2. A duplicate is kept because TLS takes over the socket
        itself, and may be blocked in its handshake already.
        """
        if event.endswith("connect_tcp.complete"):
            stream = info["return_value"]
            self._socket = stream.get_extra_info("socket").dup()  # type: ignore[attr-defined]
            if self.is_over.is_set():  # the deadline passed while it was connecting
                self._cut()

    @contextmanager
    def cut_at_deadline(self) -> Iterator[None]:
        """Raise TimeoutError where the block takes longer than the connection's seconds.

        Where no thread can be started (the limit is reached, the interpreter ends, or it is a
        sub-interpreter), the socket is not shut down: httpx2's own timeouts hold, and
        `check_deadline`.
        """
        timer = Timer(self._seconds, self._cut)
        timer.daemon = True
        with suppress(RuntimeError):
            timer.start()
        try:
            yield
        except httpx2.RequestError:
            if not self.is_over.is_set():
                raise
        finally:
            timer.cancel()
            if self._socket is not None:
                self._socket.close()
        if self.is_over.is_set():
            raise TimeoutError

    def check_deadline(self) -> None:
        """Raise TimeoutError where the deadline has passed."""
        if monotonic() > self._deadline:
            raise TimeoutError

    def _cut(self) -> None:
        self.is_over.set()
        if self._socket is not None:
            with suppress(OSError):  # the other side has just closed it
                self._socket.shutdown(socket.SHUT_RDWR)


@asynccontextmanager
async def closing() -> AsyncIterator[Callable[[str, Mapping[str, object]], Awaitable[None]]]:
    """Close the traced connection; httpx2 leaves it open if cancelled in the TLS handshake."""
    streams: list[object] = []

    async def trace(event: str, info: Mapping[str, object]) -> None:
        if event.endswith("connect_tcp.complete"):
            streams.append(info["return_value"])

    try:
        yield trace
    finally:
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]
