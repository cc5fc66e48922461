"""HTTP on a free port of the loopback interface, in threads of this process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from gatepass.testing.answers import Answer
from gatepass.wire.strict_http import BadFraming, StrictHandler


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Loopback:
    """Answers every request with what `decide` gives for it; `decide` is called in many threads."""

    def __init__(self, decide: Callable[[Arrived], Answer]) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler(decide))
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.01},
            name="gatepass-pretend",
            daemon=True,
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a crowd connects at once

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is part of many tests."""


def _handler(decide: Callable[[Arrived], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(StrictHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for an answer: no waiting for acknowledgements in between

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Write nothing to the standard error of the tests."""

        def answer(self) -> None:
            try:
                body = self.read_body()
            except BadFraming as refused:
                self.send_error(refused.status)
                return
            headers = {name.lower(): text for name, text in self.headers.items()}
            answer = decide(Arrived(self.command, self.path, headers, body))
            if answer.status:
                self.send_response(answer.status)
                length = {"Content-Length": str(len(answer.body))}
                for name, text in (length | dict(answer.headers)).items():
                    self.send_header(name, text)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)
            self.close_connection = self.close_connection or answer.hangs_up

        do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = answer  # noqa: N815 - its own

    return Handler
