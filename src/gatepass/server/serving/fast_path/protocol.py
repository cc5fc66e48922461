"""The fast lane: the plain case of an OAuth request, answered without ASGI.

A whole, plain request to one of the lane's paths is answered on the spot: no task, no event, one
write. Whatever is unusual in any way takes the way through ASGI as if there were no lane. Nothing
is refused here that an endpoint does not refuse itself.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from time import perf_counter
from typing import Any, NamedTuple, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from gatepass.server.http import Request, Response, next_segment, unchanged
from gatepass.server.oauth.routes import Endpoint
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.observability.metrics import observe
from gatepass.server.observability.metrics.counters import result_of_error
from gatepass.server.serving.error_responses import Failure
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.head import Head
from gatepass.server.serving.http1.protocol import HttpProtocol
from gatepass.server.serving.proxy_headers import ClientInfo, ProxyHeaders
from gatepass.wire.params import LONGEST_BODY

_BREAKING = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HEADS = 256
_MOST_LENGTHS = 2048
_LENGTHS = [b"%d\r\n\r\n" % size for size in range(_MOST_LENGTHS)]  # formatting takes longer


class Route(NamedTuple):
    """A path of the lane; HEAD is no method of the lane, as its answer has no body.

    `fit` makes a refusal one that whoever asks there can take. Where `is_shared`, the application
    answers pages of other origins.
    """

    endpoint: Endpoint
    path: str
    methods: frozenset[bytes]
    name: str  # in metrics
    observe: Callable[[float], None]  # counts an answer, by the seconds it took
    fit: Callable[[Response], Response] = unchanged
    is_shared: bool = False


class PrefixRoute(NamedTuple):
    """All paths that begin with `start`: one way, of one environment whatever the host.

    The segment after `start` stands for the query, and what follows is the asker's own affair.
    """

    start: bytes
    way: Route
    environment: ServedEnvironment


Headers = tuple[tuple[bytes, bytes], ...]


class FastPath:
    """What an application offers the lane, and how many requests the lane has answered."""

    def __init__(
        self,
        ways: Mapping[str, Route],
        by_host: Mapping[bytes, ServedEnvironment],
        answer_trouble: Callable[[Failure], Response],
        trees: Iterable[PrefixRoute] = (),
    ) -> None:
        self.ways = {path.encode(): way for path, way in ways.items()}
        self.trees = tuple(trees)
        self.by_host = by_host
        self.answer_trouble = answer_trouble
        self.answered = 0
        self._defaults: list[tuple[bytes, bytes]] = []
        self._last: tuple[int, Headers, Headers, bytes] = (0, (), (), b"")
        self._heads: dict[tuple[int, Headers, Headers], bytes] = {}

    def tree_of(self, path: bytes) -> PrefixRoute | None:
        """Give the tree that a raw path is in, if it is in any."""
        return next((tree for tree in self.trees if path.startswith(tree.start)), None)

    def written(
        self, answer: Response, defaults: list[tuple[bytes, bytes]], more: Headers = ()
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
        size = len(body)
        length = _LENGTHS[size] if size < _MOST_LENGTHS else b"%d\r\n\r\n" % size
        return b"".join((head, length, body))


class FastPathProtocol(HttpProtocol):
    """An HTTP connection with the lane in front of the application."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, connections=connections)
        self._lane = _lane_of(self.app)
        self._is_proxied = isinstance(self.app, ProxyHeaders)
        self._direct = ClientInfo("http", "")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._direct = ClientInfo(self._scheme, self.source)

    def _answer_at_once(self, head: Head, body: bytes) -> bool:
        """Answer a whole request; False, and nothing done, if it is not plain."""
        lane, url, headers = self._lane, head.target, head.headers
        if lane is None:
            return False
        query, rooted = b"", None
        way = lane.ways.get(url)
        if way is None:
            path, _, query = url.partition(b"?")
            way = lane.ways.get(path)
            if way is None:
                rooted = lane.tree_of(path)
                if rooted is None:
                    return False
                way, query = rooted.way, next_segment(path, rooted.start)
        if rooted is None:
            environment = lane.by_host.get(headers.get(b"host", b""))
        else:
            environment = rooted.environment
        if (
            environment is None
            or not head.keep_alive
            or len(headers) < len(head.fields)  # one was given twice
            or b"expect" in headers
            or len(body) > LONGEST_BODY
            or head.method not in way.methods
            or head.version != b"HTTP/1.1"
            or self.flow.write_paused
            or (way.is_shared and b"origin" in headers)
        ):
            return False
        scheme, source = self._seen(headers) if self._is_proxied else self._direct
        if environment.is_https and scheme == "http":
            return False
        arrived = Request(headers, query, body, source)
        return self._is_written(lane, way, environment, arrived)

    def _is_written(
        self, lane: FastPath, way: Route, environment: ServedEnvironment, arrived: Request
    ) -> bool:
        """Ask the endpoint and write its answer; False where it needs what may block."""
        defaults, started = self.server_state.default_headers, perf_counter()
        try:
            answer = way.endpoint(environment, arrived)
            if not isinstance(answer, Response):
                return False
            written = lane.written(answer, defaults, environment.transport_headers)
        except Exception as error:  # noqa: BLE001 - as for the other door, which logs it
            result = result_of_error(error)
            trouble = Failure(error, environment, way.path, arrived.source, arrived)
            answer = way.fit(lane.answer_trouble(trouble))
            written = lane.written(answer, defaults, environment.transport_headers)
            observe(way.name, result, perf_counter() - started)
        else:
            way.observe(perf_counter() - started)
        lane.answered += 1
        self._await_request()
        self.transport.write(written)
        return True

    def _seen(self, headers: dict[bytes, bytes]) -> ClientInfo:
        """Tell by which scheme and from where a request comes that a proxy may have sent on."""
        proxies = cast("ProxyHeaders", self.app).proxies
        return proxies.seen(
            self.source or None,
            self._direct.scheme,
            headers.get(proxies.address_header),
            headers.get(proxies.scheme_header),
        )


def _lane_of(app: Any) -> FastPath | None:  # noqa: ANN401 - an application, or what is around one
    """Give the application's lane, None where there is something around it for each request.

    Nor is there one before the databases are open.
    """
    if isinstance(app, ProxyHeaders):
        app = app.app
    if getattr(app, "is_waiting", False):
        return None
    lane = getattr(app, "lane", None)
    return lane if isinstance(lane, FastPath) else None


def _head(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Give a response's head up to its length, in uvicorn's order and with its check."""
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    for name, value in headers:
        if _BREAKING.search(name) or _BREAKING.search(value):
            raise ValueError("A header of the answer has control characters in it.")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join((*lines, b"content-length: "))
