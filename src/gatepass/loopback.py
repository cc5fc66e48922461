"""An HTTP server on a free port of the loopback interface, in threads, for the kits of tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread
from typing import Self

from gatepass.wire.strict_http import BadFraming, StrictHandler


@dataclass(frozen=True, slots=True)
class Request:
    """A request as received; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """A response; `hangs_up` closes the connection when the body has been written.

    A status of 0 closes the connection without a response. Date and Content-Length are added
    unless `headers` has them.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs_up: bool = False


class LoopbackServer:
    """Calls `respond` with each request, in many threads, and sends the response that it returns.

    It listens until `close`, or the end of its `with`; over TLS where there is a context.
    """

    def __init__(
        self, respond: Callable[[Request], Response], tls: SSLContext | None = None, port: int = 0
    ) -> None:
        self._server = _Server(("127.0.0.1", port), _handler(respond))
        self._scheme = "https" if tls else "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.01},
            name="gatepass-loopback",
            daemon=True,
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening; responses under way may still be sent."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # many clients may connect at once

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a client that hangs up is part of many tests."""


def _handler(respond: Callable[[Request], Response]) -> type[BaseHTTPRequestHandler]:
    class Handler(StrictHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for a response

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Write nothing to the standard error of the tests."""

        def handle_request(self) -> None:
            try:
                body = self.read_body()
            except BadFraming as refused:
                self.send_error(refused.status)
                return
            headers = {name.lower(): text for name, text in self.headers.items()}
            response = respond(Request(self.command, self.path, headers, body))
            if response.status:
                self._send(response)
            if response.hangs_up or not response.status:
                self.close_connection = True

        def _send(self, response: Response) -> None:
            self.send_response_only(response.status)
            added = {
                "Date": self.date_time_string(),
                "Content-Length": str(len(response.body)),
            }
            for name, text in (added | dict(response.headers)).items():
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)

        do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = handle_request  # noqa: N815

    return Handler
