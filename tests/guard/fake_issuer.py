"""An authorization server that introspects, over real HTTP, the tokens that a test registers."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from gatepass.wire import basic, metadata

CLIENT_ID = "meters:api"
CLIENT_SECRET = "the-guard's &secret%"
HOUR = 3600

_ELSEWHERE = "/elsewhere"


class FakeAuthorizationServer:
    """Answers about tokens; counts how often it was asked about each."""

    def __init__(self) -> None:
        self.issuer = ""  # known once it listens
        self.asked: Counter[str] = Counter()
        self.hold = threading.Event()  # answers wait for it
        self.hold.set()
        self._answers: dict[str, Response] = {}
        self.key_set = b""
        self.cache_control = ""
        self.key_fetches = 0
        self.is_away = False  # every answer is an error
        self.metadata: dict[str, object] = {}  # what is changed in it
        self.redirects_to = ""  # where set, every answer leads there
        self.app = Starlette(
            routes=[
                Route(metadata.INTROSPECT, self._introspect, methods=["POST"]),
                Route("/.well-known/oauth-authorization-server", self._metadata),
                Route(metadata.JWKS, self._keys),
                Route(_ELSEWHERE, _everything_is_good, methods=["POST"]),
            ]
        )

    def forget(self) -> None:
        """Reset the state; respond to every request that still waits."""
        self.hold.set()
        self.asked.clear()
        self._answers.clear()
        self.key_set, self.cache_control = b"", ""
        self.key_fetches = 0
        self.is_away = False
        self.metadata = {}
        self.redirects_to = ""

    def claims(self, **members: object) -> dict[str, object]:
        """Return the answer for a good token, with `members` changed."""
        now = int(time.time())
        return {
            "active": True,
            "client_id": "acme-billing",
            "sub": "acme-billing",
            "org_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            "scope": "read write",
            "iss": self.issuer,
            "aud": "https://api.example.com",
            "iat": now,
            "exp": now + HOUR,
            "jti": "token-id",
            "token_type": "Bearer",
        } | members

    def knows(self, token: str, **members: object) -> None:
        """Say of `token` that it is good, with `members` changed."""
        self.message(token, self.claims(**members))

    def message(self, token: str, answer: Mapping[str, object]) -> None:
        self.sends(token, json.dumps(answer).encode())

    def sends(
        self, token: str, body: bytes, status: int = 200, media_type: str = "application/json"
    ) -> None:
        self._answers[token] = Response(body, status, media_type=media_type)

    def drips(self, token: str) -> None:
        """Begin an answer about `token` that never ends."""
        self._answers[token] = StreamingResponse(_forever(), media_type="application/json")

    def redirects(self, token: str) -> None:
        """Redirect introspection of `token` to where every token is active."""
        self._answers[token] = Response(status_code=307, headers={"Location": _ELSEWHERE})

    def publishes(self, *jwks: Mapping[str, object]) -> None:
        """Publish these keys, and no others any more."""
        self.key_set = json.dumps({"keys": jwks}).encode()

    async def _keys(self, _request: Request) -> Response:
        self.key_fetches += 1
        await run_in_threadpool(self.hold.wait)
        if self.is_away:
            return Response(b"", 502)
        if self.redirects_to:
            return RedirectResponse(self.redirects_to)
        return Response(self.key_set, headers={"Cache-Control": self.cache_control})

    async def _metadata(self, _request: Request) -> Response:
        if self.redirects_to:
            return RedirectResponse(self.redirects_to)
        document = metadata.authorization_server(self.issuer, [], "live")
        return JSONResponse(document | self.metadata)

    async def _introspect(self, request: Request) -> Response:
        scheme, _, credentials = request.headers["authorization"].partition(" ")
        client_id, secret = basic.read(credentials)
        if (scheme, client_id, secret.value) != ("Basic", CLIENT_ID, CLIENT_SECRET):
            return Response(b'{"error": "invalid_client"}', 401, media_type="application/json")
        [token] = parse_qs((await request.body()).decode())["token"]
        self.asked[token] += 1
        await run_in_threadpool(self.hold.wait)
        if self.redirects_to:
            return RedirectResponse(self.redirects_to)
        unknown = Response(b'{"active":false}', media_type="application/json")
        return self._answers.get(token, unknown)


async def _everything_is_good(_request: Request) -> Response:
    return Response(b'{"active": true}', media_type="application/json")


async def _forever() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.01)  # or this server would do nothing else
