"""A token endpoint and an API on loopback, whose behaviour a test controls."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass, replace
from secrets import token_urlsafe
from threading import Condition
from typing import Self
from urllib.parse import urlsplit

from gatepass.client.settings import ClientSettings
from gatepass.client.variables import CLIENT_ID, CLIENT_SECRET, TOKEN_URL
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.testing import endpoint
from gatepass.testing.endpoint import RegisteredClient, RequestRefused, TokenRequest
from gatepass.testing.responses import json_response

_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request to the API; `accepted` is whether its token was good."""

    method: str
    path: str
    body: bytes
    accepted: bool


@dataclass(frozen=True, slots=True)
class _Issued:
    client_id: str
    scope: str
    expires_at: float


class FakeServer:
    """Issues tokens to one client, and has an API that accepts them: `with FakeServer() as s`.

    The token endpoint (`token_url`) accepts the client id and secret in a Basic header or in the
    form. `secrets` are those that it accepts; change the list to rotate them. The API (`api_url`,
    and every path below) responds with a JSON object to a good token and with 401 to any other.
    `scope` is the allowed scope (None: any); `expires_in`, in seconds, may be changed at any
    time, and is not sent while it is None. `now` is the clock by which tokens expire.
    """

    def __init__(
        self,
        client_id: str = "test-client",
        client_secret: str = "test-secret",  # noqa: S107 - it opens nothing
        *,
        scope: str | None = None,
        expires_in: int | None = 3600,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client_id = client_id
        self.secrets = [client_secret]
        self.scope = scope
        self.expires_in = expires_in
        self.token_requests: list[TokenRequest] = []
        self.api_requests: list[ApiRequest] = []
        self._now = now
        self._next: deque[Response] = deque()
        self._override: Response | None = None
        self._holds = 0
        self._issued: dict[str, _Issued] = {}
        self._changed = Condition()  # also the lock of all of these
        self._loopback: LoopbackServer | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.close()

    def start(self) -> Self:
        """Listen on a free port."""
        self._loopback = self._loopback or LoopbackServer(self._respond)
        return self

    def close(self) -> None:
        """Stop listening."""
        if self._loopback is not None:
            self._loopback.close()
            self._loopback = None

    @property
    def url(self) -> str:
        """The server's address, without a trailing slash."""
        if self._loopback is None:
            raise RuntimeError("the fake server is not running: use it in a with statement")
        return self._loopback.url

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return f"{self.url}/token"

    @property
    def api_url(self) -> str:
        """The API that accepts the tokens."""
        return f"{self.url}/api"

    @property
    def settings(self) -> ClientSettings:
        """The settings for a TokenSource, with the first of the secrets."""
        return ClientSettings(self.token_url, self.client_id, self.secrets[0])

    @property
    def environ(self) -> dict[str, str]:
        """The same as environment variables."""
        return {
            TOKEN_URL: self.token_url,
            CLIENT_ID: self.client_id,
            CLIENT_SECRET: self.secrets[0],
        }

    def answer_next(self, *responses: Response) -> None:
        """Answer the next token requests with these, one each, then as usual."""
        with self._changed:
            self._next.extend(responses)

    @contextmanager
    def answering(self, response: Response) -> Iterator[None]:
        """Answer every token request within the block with `response`."""
        self._override = response
        try:
            yield
        finally:
            self._override = None

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Delay the responses to token requests until the end of the block."""
        with self._changed:
            self._holds += 1
        try:
            yield
        finally:
            with self._changed:
                self._holds -= 1
                self._changed.notify_all()

    def wait_for_token_requests(self, count: int, timeout: float = _TIMEOUT) -> None:
        """Wait until so many were received; raise TimeoutError after `timeout` seconds."""
        self._wait_for(self.token_requests, count, timeout, "token requests")

    def wait_for_api_requests(self, count: int, timeout: float = _TIMEOUT) -> None:
        """Do the same for requests of the API."""
        self._wait_for(self.api_requests, count, timeout, "requests of the API")

    def _wait_for(self, received: Sized, count: int, timeout: float, what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: len(received) >= count, timeout):
                raise TimeoutError(f"{len(received)} of {count} {what} were received")

    def issue(self, scope: str = "") -> str:
        """Return a token that the API accepts, without a token request."""
        token = token_urlsafe(24)
        lifetime = math.inf if self.expires_in is None else self.expires_in
        with self._changed:
            self._issued[token] = _Issued(self.client_id, scope, self._now() + lifetime)
        return token

    def revoke(self, token: str) -> None:
        """Have the API refuse `token` from now on."""
        with self._changed:
            self._issued.pop(token, None)

    def revoke_all(self) -> None:
        """Have the API refuse every token issued until now."""
        with self._changed:
            self._issued.clear()

    def accepts(self, authorization: str) -> bool:
        """Return whether an Authorization header has a good token, for APIs of tests."""
        return self._find(authorization) is not None

    def _find(self, authorization: str) -> _Issued | None:
        scheme, _, token = authorization.partition(" ")
        issued = self._issued.get(token) if scheme.lower() == "bearer" else None
        return issued if issued is not None and self._now() < issued.expires_at else None

    def _respond(self, request: Request) -> Response:
        path = urlsplit(request.path).path
        if path == "/token":
            return self._token(request)
        if path == "/api" or path.startswith("/api/"):
            return self._api(request)
        return json_response(404, error="not_found")

    def _token(self, received: Request) -> Response:
        client = RegisteredClient(self.client_id, tuple(self.secrets), self.scope)
        refused: Response | None = None
        try:
            request = endpoint.read(received.method, received.headers, received.body, client)
        except RequestRefused as error:
            request, refused = error.request, error.response
        with self._changed:
            self.token_requests.append(request)
            self._changed.notify_all()
            planned = self._next.popleft() if self._next else self._override
            self._changed.wait_for(lambda: not self._holds, _TIMEOUT)
        return planned or refused or self._grant(request)

    def _grant(self, request: TokenRequest) -> Response:
        scope = request.scope or self.scope or ""
        members = {"access_token": self.issue(scope), "token_type": "Bearer"}
        lifetime = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return json_response(200, **members, **lifetime, **({"scope": scope} if scope else {}))

    def _api(self, request: Request) -> Response:
        authorization = request.headers.get("authorization", "")
        issued = self._find(authorization)
        with self._changed:
            self.api_requests.append(
                ApiRequest(request.method, request.path, request.body, issued is not None)
            )
            self._changed.notify_all()
        if issued is None:
            challenge = 'Bearer error="invalid_token"' if authorization else "Bearer"
            refused = json_response(401, error="invalid_token")
            return replace(refused, headers={**refused.headers, "WWW-Authenticate": challenge})
        return json_response(
            200,
            client_id=issued.client_id,
            scope=issued.scope,
            method=request.method,
            path=request.path,
        )
