"""Requests to an ASGI application on the thread of the test, without a thread for the event loop.

Starlette's client crosses to another thread eight times for each request, and where more processes
want the processor than it has cores, each time waits for its turn.
"""

import asyncio
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.testclient import TestClient
from starlette.types import ASGIApp

Message = MutableMapping[str, Any]


class Loop:
    """An event loop that runs while the thread that made it sends a request.

    Other threads, and a coroutine of the test, have their requests served by a loop in a thread.
    """

    def __init__(self, portal: BlockingPortal | None = None) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._portal = portal
        self._own_portal: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._own_portal is not None:
            self._own_portal.__exit__(kind, error, traceback)
        self._runner.close()

    @property
    def is_at_hand(self) -> bool:
        """Return whether the caller can run it."""
        if threading.get_ident() != self._thread:
            return False
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return True
        return False

    @property
    def portal(self) -> BlockingPortal:
        """The loop in a thread."""
        with self._lock:
            if self._portal is None:
                self._own_portal = start_blocking_portal()
                self._portal = self._own_portal.__enter__()
            return self._portal

    def run(self, app: ASGIApp, scope: dict[str, Any], body: bytes) -> "_Response":
        response = _Response(body)
        self._runner.get_loop().run_until_complete(response.fill(app, scope))
        return response


class DirectClient(TestClient):
    """Starlette's client for an application that is served by a loop on the same thread."""

    def __init__(
        self,
        app: ASGIApp,
        loop: Loop,
        *,
        raise_server_exceptions: bool = True,
        client: tuple[str, int] = ("testclient", 50000),
        **given: Any,  # noqa: ANN401 - as Starlette takes them
    ) -> None:
        super().__init__(
            app, raise_server_exceptions=raise_server_exceptions, client=client, **given
        )
        self.loop = loop
        self._transport = _Transport(self, self._transport, raise_server_exceptions, client)


class _Transport(httpx2.BaseTransport):
    def __init__(
        self,
        owner: DirectClient,
        in_thread: httpx2.BaseTransport,
        raises: bool,  # noqa: FBT001
        client: tuple[str, int],
    ) -> None:
        self._owner = owner
        self._in_thread = in_thread
        self._raises = raises
        self._client = client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        if url.scheme not in {"http", "https"} or not self._owner.loop.is_at_hand:
            self._owner.portal = self._owner.loop.portal
            return self._in_thread.handle_request(request)
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),  # as Starlette has it, which decodes twice
            "raw_path": url.raw_path.split(b"?", 1)[0],
            "root_path": "",
            "scheme": url.scheme,
            "query_string": url.query,
            "headers": [(key.lower(), value) for key, value in request.headers.raw],
            "client": self._client,
            "server": [url.host, url.port or {"http": 80, "https": 443}[url.scheme]],
            "extensions": {"http.response.debug": {}, "http.response.trailers": {}},
            "state": self._owner.app_state.copy(),
        }
        response = self._owner.loop.run(self._owner.app, scope, request.read())
        if response.error is not None and self._raises:
            raise response.error
        return response.made(request)


class _Response:
    """What the application sends back for one request."""

    def __init__(self, body: bytes) -> None:
        self._sent = body
        self._is_read = False
        self._is_complete = asyncio.Event()
        self._start: Message | None = None
        self._body: list[bytes] = []
        self.error: Exception | None = None

    async def fill(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - the client decides
            self.error = error

    async def _receive(self) -> Message:
        if self._is_read:
            await self._is_complete.wait()
            return {"type": "http.disconnect"}
        self._is_read = True
        return {"type": "http.request", "body": self._sent}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            assert self._start is None, "the response was started twice"
            assert not message.get("trailers"), "trailers are not read here"
            self._start = message
        elif message["type"] == "http.response.body":
            assert self._start is not None, "a body came before the response was started"
            assert not self._is_complete.is_set(), "a body came after the end of the response"
            self._body.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self._is_complete.set()

    def made(self, request: httpx2.Request) -> httpx2.Response:
        if self._start is None:
            assert self.error is not None, "the application sent no response"
            return httpx2.Response(500, stream=httpx2.ByteStream(b""), request=request)
        headers = [(key.decode(), value.decode()) for key, value in self._start.get("headers", [])]
        body = b"" if request.method == "HEAD" else b"".join(self._body)
        return httpx2.Response(
            self._start["status"],
            headers=headers,
            stream=httpx2.ByteStream(body),
            request=request,
        )
