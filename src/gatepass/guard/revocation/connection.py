"""Sends the requests of a feed over one connection, which any thread may interrupt."""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import httpx2

from gatepass.guard.revocation.feed_page import LONGEST
from gatepass.guard.revocation.feed_protocol import FeedError
from gatepass.wire.flow import Request, Response
from gatepass.wire.urls import may_use_proxy

_CONNECT = 5.0  # seconds
_UNUSABLE = (
    "the HTTP client cannot be made, correct the environment (HTTPS_PROXY, ALL_PROXY,"
    " SSL_CERT_FILE, SSL_CERT_DIR)"
)


class Connection:
    """A synchronous HTTP client: it works in a thread, and in a greenlet that replaces one.

    `seconds` bounds a whole exchange. Raises FeedError if the environment names a proxy or a
    certificate file that cannot be used.
    """

    def __init__(self, url: str, seconds: float) -> None:
        secure = may_use_proxy(url)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._is_ended = False
        self._cut_at = 0.0  # when the exchange in progress takes too long; 0 without one
        self._socket: socket.socket | None = None  # a duplicate, so that it is ours to shut down
        try:
            self._client = httpx2.Client(
                verify=secure,
                trust_env=secure,
                timeout=httpx2.Timeout(seconds, connect=_CONNECT),
                follow_redirects=False,
            )
        except Exception as error:  # noqa: BLE001 - whatever the environment leads to
            raise FeedError(f"{_UNUSABLE}: {type(error).__name__}") from None

    def exchange(self, request: Request) -> Response:
        """Return the response; raise FeedError for one that is too long, or the error of httpx2."""
        deadline = time.monotonic() + self._seconds
        self._cut_at = deadline
        try:
            return self._send(request, deadline)
        except BaseException:
            self._forget_socket()  # httpx2 has closed its own
            raise
        finally:
            self._cut_at = 0.0

    def cut_overdue(self) -> None:
        """Interrupt an exchange over its deadline, such as a header that arrives slowly."""
        if 0.0 < self._cut_at < time.monotonic():
            self._shut_down()

    def end(self) -> None:
        """Interrupt the exchange in progress; no other begins."""
        self._is_ended = True
        self._shut_down()

    def close(self) -> None:
        """Close the connection; for the thread that uses it."""
        self._client.close()
        self._forget_socket()

    def _send(self, request: Request, deadline: float) -> Response:
        body = bytearray()
        with self._client.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            extensions={"trace": self._note},
        ) as response:
            for piece in response.iter_raw():  # as sent: nothing is decompressed
                body += piece
                if len(body) > LONGEST:
                    raise FeedError(f"the feed's answer is longer than {LONGEST} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError("the answer took too long")
            return Response(response.status_code, dict(response.headers), bytes(body))

    def _note(self, event: str, info: Mapping[str, object]) -> None:
        """Keep a duplicate of each socket that httpx2 connects, to be shut down from outside."""
        if not event.endswith("connect_tcp.complete"):
            return
        stream = info["return_value"]
        found: socket.socket = stream.get_extra_info("socket")  # type: ignore[attr-defined]  # httpcore2's own
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = socket.fromfd(found.fileno(), found.family, found.type)
        if self._is_ended:
            self._shut_down()

    def _forget_socket(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    def _shut_down(self) -> None:
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # it has ended already
                    self._socket.shutdown(socket.SHUT_RDWR)
