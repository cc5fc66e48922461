"""A revocation feed over real HTTP with the responses that a test sets, and pages for them."""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gatepass.wire import metadata

TOKEN_ID = "00112233445566778899aabbccddeeff"
JTI = f"{1_800_000_000_500:012x}{TOKEN_ID}"
NOW = 1_800_000_000.0
PATIENCE = 30.0  # seconds

_LOOK_EVERY = 0.01  # seconds


def members(**changed: object) -> dict[str, object]:
    """Return a good page's members, with some changed."""
    return {
        "time": NOW,
        "as_of": NOW,
        "reset": False,
        "more": False,
        "cursor": "c1",
        "tokens": {},
        "applications": {},
        "keys": [],
    } | changed


def body(**changed: object) -> bytes:
    return json.dumps(members(**changed)).encode()


class FakeFeed:
    """Gives the answers in its line, one a question; keeps questions waiting while it is empty."""

    def __init__(self) -> None:
        self.issuer = ""  # known once it listens
        self.asked: list[dict[str, str]] = []
        self.proofs: list[str] = []  # Authorization headers
        self.line: deque[Response] = deque()
        self._is_over = threading.Event()
        self.app = Starlette(routes=[Route(metadata.REVOCATIONS, self._answer)])

    def tell(self, **changed: object) -> None:
        self.send(body(**changed))

    def send(
        self,
        content: bytes,
        status: int = 200,
        media_type: str = "application/json; charset=utf-8",
        **headers: str,
    ) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.line.append(Response(content, status, named, media_type))

    def drip(self) -> None:
        """Begin an answer that never ends."""
        self.line.append(StreamingResponse(_forever(self._is_over), media_type="application/json"))

    def let_go(self) -> None:
        """Respond to every request that still waits."""
        self._is_over.set()

    def wait(self, questions: int) -> None:
        """Wait until so many questions were asked in all."""
        eventually(lambda: len(self.asked) >= questions)

    async def _answer(self, request: Request) -> Response:
        self.asked.append(dict(parse_qsl(request.url.query)))
        self.proofs.append(request.headers["authorization"])
        while not self.line and not self._is_over.is_set():  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(_LOOK_EVERY)
        return self.line.popleft() if self.line else Response(status_code=503)


async def _forever(is_over: threading.Event) -> AsyncIterator[bytes]:
    while not is_over.is_set():
        yield b" " * 100_000
        await asyncio.sleep(0.001)


def eventually(is_so: object) -> None:
    """Wait until it is so."""
    assert callable(is_so)
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(_LOOK_EVERY)
