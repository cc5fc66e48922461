"""A token endpoint and an API on loopback, for the client to talk real HTTP to."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.wire import basic

SECRET = "s+e c%r/e=t&x~"
CLIENT_ID = "cid:a b"


def json_response(status: int = 200, **fields: object) -> Response:
    return Response(status, json.dumps(fields).encode(), {"Content-Type": "application/json"})


@dataclass
class ScriptedServer:
    """Issues `pass-1`, `pass-2` ...; the API accepts those that are not in `revoked`.

    The token endpoint sends `responses` before it issues tokens; `before_token` is called while
    a token request waits.
    """

    url: str = ""  # set once it listens
    received: list[Request] = field(default_factory=list)
    responses: deque[Response] = field(default_factory=deque)
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
    def token_requests(self) -> list[Request]:
        return [each for each in self.received if each.path == "/token"]

    @property
    def api_requests(self) -> list[Request]:
        return [each for each in self.received if each.path == "/api"]

    def respond(self, request: Request) -> Response:
        with self.lock:
            self.received.append(request)
        if request.path == "/token":
            self.before_token()
            with self.lock:
                if self.secret and not self._authenticates(request):
                    return json_response(401, error="invalid_client")
                return self.responses.popleft() if self.responses else self.issue()
        if request.path != "/api" and request.path not in self.redirects:
            return Response(404, b"nothing here")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.revoke_all or token in self.revoked or not token.startswith("pass-"):
            return Response(
                401,
                b"who are you?",
                {"WWW-Authenticate": 'Bearer error="invalid_token"'} | self.api_headers,
            )
        if request.path in self.redirects:
            return Response(307, b"", {"Location": self.redirects[request.path]})
        return Response(
            self.api_status, b"body: " + request.body, {"X-Pass": token.removeprefix("pass-")}
        )

    def _authenticates(self, request: Request) -> bool:
        _, secret = basic.read(request.headers["authorization"].removeprefix("Basic "))
        return secret.value == self.secret

    def issue(self) -> Response:
        self.issued += 1
        return json_response(
            access_token=f"pass-{self.issued}", token_type="bearer", expires_in=self.expires_in
        )


@contextmanager
def scripted_server(port: int = 0) -> Iterator[ScriptedServer]:
    state = ScriptedServer()
    with LoopbackServer(state.respond, port=port) as server:
        state.url = server.url
        yield state
