"""The fast lane: the plain case of an OAuth request, answered without ASGI.

uvicorn's own protocol keeps the parser, the limits, keep-alive and shutdown. What this subclass
changes: a request is gathered, and only when the data at hand has been parsed is it decided
whose it is. A whole, plain request to one of the lane's paths is answered on the spot: no task,
no event, one write. Whatever is unusual in any way is played to uvicorn's callbacks as it came,
and takes the way through ASGI as if there were no lane. Nothing is refused here that an
endpoint does not refuse itself.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import IntEnum
from http import HTTPStatus
from time import perf_counter
from typing import Any, NamedTuple, cast

import httptools
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from gatepass.server.arrival import Answer, Arrived, Later, as_it_is, next_segment
from gatepass.server.environment import Environment
from gatepass.server.forwarded import Seen, seen
from gatepass.server.joining import JoiningProtocol, JoiningTransport
from gatepass.server.metrics import observe
from gatepass.server.metrics.figures import OK, result_of_error
from gatepass.wire.params import LONGEST_BODY

NOTHING: frozenset[bytes] = frozenset()
GET = frozenset({b"GET"})
POST = frozenset({b"POST"})
MOST = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})

# Headers with which a request is more than its own bytes.
_UNUSUAL = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
_BREAKING = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HEADS = 256
_NO_WORSE = 0.001  # seconds: an idle connection may be closed this much early

Endpoint = Callable[[Environment, Arrived], Answer]


class Way(NamedTuple):
    """A path of the lane; HEAD is no method of the lane, as its answer has no body.

    `fit` makes a refusal one that whoever asks there can take.
    """

    endpoint: Endpoint
    path: str
    methods: frozenset[bytes]
    name: str  # in metrics
    fit: Callable[[Answer], Answer] = as_it_is


class Tree(NamedTuple):
    """All paths that begin with `start`: one way, of one environment whatever the host.

    The segment after `start` stands for the query, and what follows is the asker's own affair.
    """

    start: bytes
    way: Way
    environment: Environment


class InTrouble(NamedTuple):
    """An endpoint's exception, with all that log and answer need."""

    error: Exception
    environment: Environment
    path: str
    source: str
    arrived: Arrived | None


Headers = tuple[tuple[bytes, bytes], ...]


class Lane:
    """What an application offers the lane, and how many requests the lane has answered."""

    def __init__(
        self,
        ways: Mapping[str, Way],
        by_host: Mapping[bytes, Environment],
        answer_trouble: Callable[[InTrouble], Answer],
        trees: Iterable[Tree] = (),
    ) -> None:
        self.ways = {path.encode(): way for path, way in ways.items()}
        self.trees = tuple(trees)
        self.by_host = by_host
        self.answer_trouble = answer_trouble
        self.answered = 0
        self._defaults: list[tuple[bytes, bytes]] = []
        self._last: tuple[int, Headers, Headers, bytes] = (0, (), (), b"")
        self._heads: dict[tuple[int, Headers, Headers], bytes] = {}

    def tree_of(self, path: bytes) -> Tree | None:
        """Give the tree that a raw path is in, if it is in any."""
        return next((tree for tree in self.trees if path.startswith(tree.start)), None)

    def written(
        self, answer: Answer, defaults: list[tuple[bytes, bytes]], more: Headers = ()
    ) -> bytes:
        """Return the bytes of a response, with the environment's headers (`more`).

        `defaults` is a new list each time the date changes.
        """
        status, headers, body = answer
        if defaults is not self._defaults or len(self._heads) > _MOST_HEADS:
            self._heads.clear()
            self._defaults, self._last = defaults, (0, (), (), b"")
        last_status, last_headers, last_more, head = self._last
        # to hash headers takes longer
        if headers is not last_headers or status != last_status or more is not last_more:
            key = status, headers, more
            head = self._heads.get(key) or _head(status, (*defaults, *headers, *more))
            self._heads[key] = head
            self._last = status, headers, more, head
        return b"%b%d\r\n\r\n%b" % (head, len(body), body)


class _Stage(IntEnum):
    """How far the request is that the parser is at."""

    HEAD = 0
    BODY = 1
    WHOLE = 2
    THROUGH = 3  # it is uvicorn's


# A look at an enumeration's member takes longer than a look at a name.
_HEAD, _BODY, _WHOLE, _THROUGH = _Stage


class LaneProtocol(JoiningProtocol):
    """uvicorn's HTTP protocol with the lane in front."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._lane = _lane_of(self)
        self._is_proxied = isinstance(self.app, ProxyHeadersMiddleware)
        self._stage = _HEAD
        self._body = b""
        self._keeps_alive = False
        self._direct = Seen("http", "")
        self._joining: JoiningTransport
        self._answered_at = 0.0  # the loop's time; 0 while a request is on its way
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._joining = cast("JoiningTransport", self.transport)
        self._direct = Seen(self.scheme or "http", self.client[0] if self.client else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, then answer a whole request or pass on what there is of it."""
        self._answered_at = 0.0
        super().data_received(data)
        stage = self._stage
        if stage is _WHOLE:
            if self._is_answered():
                self._stage = _HEAD
            else:
                self._pass_on_late()
        elif stage is _BODY:
            self._pass_on_late()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; a request that was whole before it is uvicorn's."""
        if self._stage in (_BODY, _WHOLE):
            with suppress(Exception):  # it is refused already
                self._pass_on()
        super().send_400_response(msg)

    # What the parser calls. `on_url` and `on_header` are uvicorn's: they gather.

    def on_message_begin(self) -> None:
        """Begin to gather, unless uvicorn is at an earlier request of this connection."""
        if self._stage is _WHOLE:  # more than one request in the same data
            self._pass_on()
        cycle: RequestResponseCycle | None = self.cycle
        if self._lane is None or (cycle is not None and not cycle.response_complete):
            self._stage = _THROUGH
            super().on_message_begin()
            return
        self._stage = _HEAD
        self.url = self._body = b""
        self.headers = []

    def on_headers_complete(self) -> None:
        """Note that the head is whole."""
        if self._stage is _THROUGH:
            super().on_headers_complete()
        else:
            self._stage = _BODY

    def on_chunk_header(self) -> None:
        """Pass on a request that comes in chunks."""
        if self._stage is _BODY:
            self._pass_on()

    def on_body(self, body: bytes) -> None:
        """Keep the body; a part of one is passed on when the data at hand has been parsed."""
        if self._stage is _THROUGH:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        if self._stage is _THROUGH:
            super().on_message_complete()
        else:
            self._keeps_alive = self.parser.should_keep_alive()
            self._stage = _WHOLE

    # The lane's own way.

    def _is_answered(self) -> bool:
        """Answer the request that was gathered; False, and nothing done, if it is not plain."""
        lane, url, pairs, body = self._lane, self.url, self.headers, self._body
        assert lane is not None  # noqa: S101 - or nothing would be gathered
        query, rooted = b"", None
        way = lane.ways.get(url)
        if way is None:
            path, query = _parted(url)
            way = lane.ways.get(path)
            if way is None:
                rooted = lane.tree_of(path)
                if rooted is None:
                    return False
                way, query = rooted.way, next_segment(path, rooted.start)
        headers = dict(pairs)
        if rooted is None:
            environment = lane.by_host.get(headers.get(b"host", b""))
        else:
            environment = rooted.environment
        if (
            environment is None
            or not self._keeps_alive
            or len(headers) < len(pairs)  # one was given twice
            or not _UNUSUAL.isdisjoint(headers)
            or len(body) > LONGEST_BODY
            or self.parser.get_method() not in way.methods
            or self.parser.get_http_version() != "1.1"
            or self.flow.write_paused
        ):
            return False
        scheme, source = self._seen(headers) if self._is_proxied else self._direct
        if environment.is_https and scheme == "http":
            return False
        arrived = Arrived(headers, query, body, source)
        return self._is_written(lane, way, environment, arrived)

    def _is_written(self, lane: Lane, way: Way, environment: Environment, arrived: Arrived) -> bool:
        """Ask the endpoint and write its answer; False where it needs what may block."""
        defaults, started, result = self.server_state.default_headers, perf_counter(), OK
        try:
            answer = way.endpoint(environment, arrived)
            written = lane.written(answer, defaults, environment.transport_headers)
        except Later:
            return False
        except Exception as error:  # noqa: BLE001 - as for the other door, which logs it
            result = result_of_error(error)
            trouble = InTrouble(error, environment, way.path, arrived.source, arrived)
            answer = way.fit(lane.answer_trouble(trouble))
            written = lane.written(answer, defaults, environment.transport_headers)
        observe(way.name, result, perf_counter() - started)
        self._finish(lane)
        self._joining.write(written)
        return True

    def _finish(self, lane: Lane) -> None:
        """Count a request that the lane has answered; wait for the next one, but not for ever."""
        lane.answered += 1
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._end_if_idle)

    def _end_if_idle(self) -> None:
        """Close the connection if nothing came since the last answer, or look again later.

        One timer for many requests: to set and cancel one for each takes longer than this.
        """
        self._idle_timer = None
        if not self._answered_at:
            return  # whoever answers what is on its way sets a timer
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > _NO_WORSE:
            self._idle_timer = self.loop.call_later(left, self._end_if_idle)
        else:
            self.timeout_keep_alive_handler()

    def _seen(self, headers: dict[bytes, bytes]) -> Seen:
        """Tell by which scheme and from where a request comes that a proxy may have sent on."""
        return seen(
            cast("ProxyHeadersMiddleware", self.app),
            self.client[0] if self.client else None,
            self._direct.scheme,
            headers.get(b"x-forwarded-proto"),
            headers.get(b"x-forwarded-for"),
        )

    # The way through uvicorn.

    def _pass_on(self) -> None:
        """Play what was gathered to uvicorn, as if it came just now.

        Raises what uvicorn's callbacks raise, which makes the request a bad one.
        """
        url, pairs, body, stage = self.url, self.headers, self._body, self._stage
        self._stage = _THROUGH
        super().on_message_begin()
        super().on_url(url)
        for name, value in pairs:
            super().on_header(name, value)
        super().on_headers_complete()
        if body:
            super().on_body(body)
        if stage is _WHOLE:
            # The parser has finished with this request and no longer knows.
            is_1_0 = self.parser.get_http_version() == "1.0"
            self.cycle.keep_alive = self._keeps_alive and not is_1_0
            super().on_message_complete()

    def _pass_on_late(self) -> None:
        """Pass on outside of the parser, which otherwise sees to what the callbacks raise."""
        try:
            self._pass_on()
        except Exception:  # noqa: BLE001 - the parser takes any exception for a bad request
            msg = "Invalid HTTP request received."
            self.logger.warning(msg)
            self.send_400_response(msg)


def _lane_of(protocol: LaneProtocol) -> Lane | None:
    """Give the application's lane, None where uvicorn does something for each request itself."""
    if protocol.limit_concurrency is not None or protocol.config.access_log:
        return None
    app: Any = protocol.app
    if isinstance(app, ProxyHeadersMiddleware):
        app = app.app
    lane = getattr(app, "lane", None)
    return lane if isinstance(lane, Lane) else None


def _parted(url: bytes) -> tuple[bytes, bytes]:
    """Give path and query of a request's target as uvicorn reads them; nothing of an odd one."""
    with suppress(httptools.HttpParserError):
        parts = httptools.parse_url(url)
        return parts.path or b"", parts.query or b""
    return b"", b""


def _head(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Give a response's head up to its length, in uvicorn's order and with its check."""
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    for name, value in headers:
        if _BREAKING.search(name) or _BREAKING.search(value):
            raise ValueError("A header of the answer has control characters in it.")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join((*lines, b"content-length: "))
