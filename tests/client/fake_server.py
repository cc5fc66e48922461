"""A token endpoint and an API on loopback, for the client to talk real HTTP to."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from gatepass.wire import basic

SECRET = "s+e c%r/e=t&x~"
CLIENT_ID = "cid:a b"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def json_answer(status: int = 200, **fields: object) -> Answer:
    return Answer(status, json.dumps(fields).encode(), {"Content-Type": "application/json"})


@dataclass
class Pretend:
    """Issues `pass-1`, `pass-2` ...; the API accepts those that are not in `revoked`.

    `answers` are given by the token endpoint before it goes on issuing tokens; `before_token`
    is called while a token request waits.
    """

    url: str
    seen: list[Seen] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    revoked: set[str] = field(default_factory=set)
    expires_in: int = 3600
    issued: int = 0
    revoke_all: bool = False
    api_status: int = 200
    api_headers: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)  # by path, for an accepted token
    secret: str = ""  # where set, any other one is refused
    before_token: Callable[[], object] = lambda: None
    lock: Lock = field(default_factory=Lock)

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"

    @property
    def token_requests(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == "/token"]

    @property
    def api_requests(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == "/api"]

    def answer(self, seen: Seen) -> Answer:
        with self.lock:
            self.seen.append(seen)
        if seen.path == "/token":
            self.before_token()
            with self.lock:
                if self.secret and not self._knows(seen):
                    return json_answer(401, error="invalid_client")
                return self.answers.popleft() if self.answers else self.issue()
        if seen.path != "/api" and seen.path not in self.redirects:
            return Answer(404, b"nothing here")
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        if self.revoke_all or token in self.revoked or not token.startswith("pass-"):
            return Answer(
                401,
                b"who are you?",
                {"WWW-Authenticate": 'Bearer error="invalid_token"'} | self.api_headers,
            )
        if seen.path in self.redirects:
            return Answer(307, b"", {"Location": self.redirects[seen.path]})
        return Answer(
            self.api_status, b"body: " + seen.body, {"X-Pass": token.removeprefix("pass-")}
        )

    def _knows(self, seen: Seen) -> bool:
        _, secret = basic.read(seen.headers["authorization"].removeprefix("Basic "))
        return secret.value == self.secret

    def issue(self) -> Answer:
        self.issued += 1
        return json_answer(
            access_token=f"pass-{self.issued}", token_type="bearer", expires_in=self.expires_in
        )


@contextmanager
def pretend(port: int = 0) -> Iterator[Pretend]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            pass

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = (
                self._chunked() if "transfer-encoding" in self.headers else self.rfile.read(length)
            )
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = state.answer(Seen(self.command, self.path, headers, body))
            if not answer.status:  # hang up
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" in answer.headers:  # of a body that is cut
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            try:
                self.wfile.write(answer.body)
            except ConnectionError:  # the client has read enough
                self.close_connection = True

        do_POST = do_PUT = do_GET  # noqa: N815 - names of http.server

        def _chunked(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # a crowd connects at once

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: a client that hangs up is part of the tests."""

    server = Server(("127.0.0.1", port), Handler)
    state = Pretend(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
