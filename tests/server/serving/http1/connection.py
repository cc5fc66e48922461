"""A connection to our protocol in memory: pieces of a stream go in, requests and answers come out.

The application and the fast path only record. Time stands still, so nothing here expires.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import uvicorn
from uvicorn.server import ServerState

from gatepass.server.configuration.http_limits import Limits
from gatepass.server.http import Request, Response, read_head
from gatepass.server.oauth.routes import Route
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.serving.fast_path import fast_path_protocol
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.protocol import HttpProtocol
from gatepass.server.serving.oauth_endpoints import RouteTable
from gatepass.server.serving.uvicorn_compat import protocol
from server.serving.fast_path.play import ToldLoop
from server.serving.http1.requests import Delivered

FAST_GET, FAST_POST = "/fast", "/fast-form"
EARLY = b"/early"  # answered before the body is read
HOST = b"api.example"
_QUIET = 4  # turns of the event loop without an event, after which none is to come
_MOST_TURNS = 10_000


class Outcome(NamedTuple):
    """What became of a stream."""

    requests: list[Delivered]
    statuses: list[int]
    is_refused: bool  # the last answer is an error, and the connection is closed
    is_closed: bool  # by the server, before the client closed it


class Recorder:
    """The application, the endpoints of its fast path, and all they were given."""

    def __init__(self, environment: ServedEnvironment) -> None:
        self.requests: list[Delivered] = []
        self.turns = 0  # counts events, so that quiet is noticed
        self.routes = RouteTable(
            {
                path: Route(
                    partial(self._fast, method, path.encode()), "o", read_head, frozenset({method})
                )
                for method, path in ((b"GET", FAST_GET), (b"POST", FAST_POST))
            },
            {},
            {HOST: environment},
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        fields = tuple((name, value) for name, value in scope["headers"])
        place = self._add(Delivered(scope["method"].encode(), target, fields, None))
        if not target.startswith(EARLY):
            body = await _whole_body(receive)
            if body is None:
                return
            self.requests[place] = self.requests[place]._replace(body=body)
        headers = [(b"content-length", b"0"), (b"x-number", b"%d" % place)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _fast(self, method: bytes, path: bytes, _: ServedEnvironment, arrived: Request) -> Response:
        target = path + (b"?" + arrived.query if arrived.query else b"")
        fields = tuple(arrived.headers.items())
        place = self._add(Delivered(method, target, fields, arrived.body))
        return Response(200, ((b"x-number", b"%d" % place),), b"")

    def _add(self, delivered: Delivered) -> int:
        self.requests.append(delivered)
        return len(self.requests) - 1


async def _whole_body(receive: Any) -> bytes | None:  # noqa: ANN401 - as ASGI has it
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written, and minds when it is asked to stop reading."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.7", 50000), "sockname": ("127.0.0.1", 8000)})
        self.written = bytearray()
        self.is_closed = False
        self.has_ended = False  # nothing more is written
        self.is_paused = False

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        assert not self.has_ended, "an answer after the last one"
        self.written += data

    def write_eof(self) -> None:
        self.has_ended = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.is_closed = self.has_ended = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class Player:
    """Plays streams to new connections, one after the other, in one event loop."""

    def __init__(self, environment: ServedEnvironment, *, has_fast_path: bool) -> None:
        self._environment = environment
        self._runner = asyncio.Runner(loop_factory=ToldLoop)
        self._errors: list[dict[str, Any]] = []
        self._runner.get_loop().set_exception_handler(lambda _, error: self._errors.append(error))
        ours = fast_path_protocol() if has_fast_path else HttpProtocol
        self._make = protocol(Connections(Limits()), ours=ours)
        self._config = uvicorn.Config(_nobody, ws="none", lifespan="off", log_config=None)
        self._config.load()

    def close(self) -> None:
        self._runner.close()

    def play(self, pieces: Sequence[bytes], turns: int = _QUIET) -> Outcome:
        """Send `pieces`, each followed by that many turns of the event loop, then close."""
        return self._runner.run(self._play(pieces, turns))

    async def _play(self, pieces: Sequence[bytes], turns: int) -> Outcome:
        self._errors.clear()
        recorder, transport, state = Recorder(self._environment), MemoryTransport(), ServerState()
        self._config.loaded_app = recorder
        loop = asyncio.get_running_loop()
        made = self._make(self._config, state, {}, _loop=loop)
        made.connection_made(transport)
        waiting = deque(pieces)
        while waiting and not transport.has_ended:
            if transport.is_paused:
                await self._settle(recorder, transport)
                if transport.has_ended:
                    break
                assert not transport.is_paused, "the server has stopped reading for ever"
            made.data_received(waiting.popleft())
            for _ in range(turns):
                await asyncio.sleep(0)
        await self._settle(recorder, transport)
        is_closed = transport.has_ended
        if not transport.is_closed:
            made.eof_received()
        transport.close()
        made.connection_lost(None)
        await self._settle(recorder, transport)
        assert not state.tasks, "a request outlives its connection"
        assert not self._errors, list(self._errors)
        statuses = _statuses(bytes(transport.written), len(recorder.requests))
        is_refused = is_closed and bool(statuses) and statuses[-1] >= 400
        return Outcome(recorder.requests, statuses, is_refused, is_closed)

    async def _settle(self, recorder: Recorder, transport: MemoryTransport) -> None:
        """Wait until nothing happens any more."""
        before, quiet = (-1, -1), 0
        for _ in range(_MOST_TURNS):
            await asyncio.sleep(0)
            now = len(recorder.requests), len(transport.written)
            quiet = quiet + 1 if now == before else 0
            before = now
            if quiet == _QUIET * 2:
                return
        raise AssertionError("it does not come to rest")


def _statuses(written: bytes, requests: int) -> list[int]:
    """Return the statuses of the answers, which must be whole, and in the requests' order."""
    statuses, numbers = [], []
    while written:
        head, end, written = written.partition(b"\r\n\r\n")
        assert end, head
        line, *lines = head.split(b"\r\n")
        headers = dict(each.split(b": ", 1) for each in lines)
        status = int(line.split()[1])
        if status == 100:
            continue
        length = int(headers.get(b"content-length", b"0"))
        assert len(written) >= length, "an answer is cut"
        written = written[length:]
        statuses.append(status)
        if b"x-number" in headers:
            assert status == 200
            numbers.append(int(headers[b"x-number"]))
    assert numbers == list(range(len(numbers))), "the answers are not in the requests' order"
    assert len(numbers) <= requests
    assert sum(status != 200 for status in statuses) <= 1, "more than one refusal"
    return statuses


async def _nobody(_scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401
    """Stand for an application until one is set."""


logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
