"""The connection of one token request, by the trace of httpx2: cut in time, and never left open."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import Event, Timer
from time import monotonic

import httpx2


class Connection:
    """The socket of one request, to be cut from another thread when its time is up.

    httpx2's timeouts are for each sign of life; an endpoint that sends a byte a second would
    hold a caller for hours.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = monotonic() + seconds
        self._socket: socket.socket | None = None
        self.over = Event()  # the time

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Note the socket as soon as there is one, to the endpoint or to a proxy before it.

        This is an extension of httpx2. A duplicate is kept because TLS takes the socket itself
        over, and may be held up in its handshake already.
        """
        if event.endswith("connect_tcp.complete"):
            stream = info["return_value"]
            self._socket = stream.get_extra_info("socket").dup()  # type: ignore[attr-defined]
            if self.over.is_set():  # the time ended while it was connecting
                self._cut()

    @contextmanager
    def cut_in_time(self) -> Iterator[None]:
        """Raise TimeoutError where what is done inside takes longer than the seconds given.

        Where no thread can be started (the limit is reached, the interpreter ends, or it is a
        sub-interpreter), nothing is cut: httpx2's own timeouts hold, and `check_time`.
        """
        timer = Timer(self._seconds, self._cut)
        timer.daemon = True
        with suppress(RuntimeError):
            timer.start()
        try:
            yield
        except httpx2.RequestError:
            if not self.over.is_set():
                raise
        finally:
            timer.cancel()
            if self._socket is not None:
                self._socket.close()
        if self.over.is_set():
            raise TimeoutError

    def check_time(self) -> None:
        """Raise TimeoutError where the time is up."""
        if monotonic() > self._until:
            raise TimeoutError

    def _cut(self) -> None:
        self.over.set()
        if self._socket is not None:
            with suppress(OSError):  # the other side closed it a moment ago
                self._socket.shutdown(socket.SHUT_RDWR)


@asynccontextmanager
async def closing() -> AsyncIterator[Callable[[str, Mapping[str, object]], Awaitable[None]]]:
    """Close the connection that is traced; httpx2 leaves it, if cut in the TLS handshake."""
    streams: list[object] = []

    async def trace(event: str, info: Mapping[str, object]) -> None:
        if event.endswith("connect_tcp.complete"):
            streams.append(info["return_value"])

    try:
        yield trace
    finally:
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]
