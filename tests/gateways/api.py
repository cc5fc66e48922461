"""An API behind a gateway, which trusts whoever reaches it and remembers what it was asked."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """A request as it reached the API."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def named(self, name: str) -> list[str]:
        """Return a header's values, whichever way its name is spelled."""
        return [value for given, value in self.headers if plainly(given) == name]


class Api:
    """The API's port, and what it was asked since somebody last looked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.port = 0

    def last(self) -> Asked:
        """Return the one request that reached it, and forget it."""
        [asked] = self.asked
        self.asked.clear()
        return asked


class _Patient(ThreadingHTTPServer):
    """Says nothing of a gateway that has closed its connection."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def plainly(name: str) -> str:
    """Return a header's name as the most careless backend reads it."""
    return "".join(char if char.isalnum() else "-" for char in name.lower())


@contextmanager
def serving() -> Iterator[Api]:
    """Serve an API in a thread."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = tuple(self.headers.items())
            api.asked.append(Asked(self.command, self.path, headers, body))
            said = json.dumps({"reached": True}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            pass

    with _Patient(("127.0.0.1", 0), Handler) as server:
        api.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
