"""The end of one request to a provider, whatever the provider sends until then.

httpx2's timeouts begin again with each byte that arrives. A server that sends a byte of a header
every second would hold up a thread for hours.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock, Timer
from time import monotonic
from typing import Self

_LEAST = 0.001  # seconds, as httpx2 takes 0 for an error


class Deadline:
    """Shuts down the connection of the request in its block, `seconds` from now.

    One may be used for several attempts, one after the other.
    """

    def __init__(self, seconds: float) -> None:
        self._ends_at = monotonic() + seconds
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._timer: Timer | None = None
        self._is_over = False

    def remaining(self) -> float:
        """Return the seconds until then."""
        return max(self._ends_at - monotonic(), _LEAST)

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Take the socket as soon as it is connected; an extension of httpx2.

        It is a duplicate, as TLS takes over the socket and may already wait in its handshake.
        """
        if event.endswith("connect_tcp.complete"):
            stream = info["return_value"]
            with self._lock:
                self._socket = stream.get_extra_info("socket").dup()  # type: ignore[attr-defined]
                if self._is_over:
                    self._shut_down()

    def __enter__(self) -> Self:
        """Start the time; without a thread for it, the timeouts of httpx2 are left."""
        self._timer = Timer(self.remaining(), self._end)
        self._timer.daemon = True
        with suppress(RuntimeError):
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the connection; raise TimeoutError where the time was over."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            if self._is_over:
                raise TimeoutError

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # the other side has just closed it
                self._socket.shutdown(socket.SHUT_RDWR)
