"""One HTTP/1.1 connection: its bytes become requests, one at a time.

uvicorn keeps the sockets, the server's life and the ASGI cycle. Here is what stands between a
stranger's bytes and the application: where each message begins and ends, how long its parts may
be and take, and in which order messages are served. A request that is still being answered
stops the reading of those behind it, so that neither they nor unread answers fill the memory.
"""

import asyncio
import logging
import re
from enum import IntEnum
from typing import Any, Literal, cast

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

try:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
except ModuleNotFoundError:  # as on Windows; then uvicorn's protocol serves (see `footing`)
    from uvicorn.protocols.http.h11_impl import (  # type: ignore[assignment]
        RequestResponseCycle,
    )

from gatepass.server.serving.http1 import body as bodies
from gatepass.server.serving.http1.body import Body
from gatepass.server.serving.http1.connections import Connections, EvictionKey, Reason
from gatepass.server.serving.http1.head import CHUNKED, Head, RefusedRequest, parse
from gatepass.server.serving.http1.refusal import RETRY_AFTER, refusal
from gatepass.server.serving.http1.write_buffer import BufferedTransport
from gatepass.server.serving.readiness import STOPPING

__all__ = ["HttpProtocol", "RequestResponseCycle"]

_END_OF_HEAD = b"\r\n\r\n"
_NOT_FOUND = -1 + len(_END_OF_HEAD)
_CR = 13
_MOST_EMPTY_LINES = 4
_MOST_A_TURN = 16  # requests of one connection in one turn of the event loop
_NO_WORSE = 0.001  # seconds: a connection may be closed this much early
_LINGER = 2.0  # seconds in which a refused client may still read why (RFC 9112 §9.6)
_LAST_REQUEST = 0.5  # seconds in which a request may still come when the server stops
_LAST_BODY = 2.0  # seconds that a half-sent body has when the server stops
_LONGEST_REQUEST_LINE = 32  # bytes, without the target
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,24}(?: |\Z)|\r\Z")

_uvicorn_log = logging.getLogger("uvicorn.error")


class Stage(IntEnum):
    """How far the connection is with the present request."""

    HEAD = 0  # waits for a request, or for the rest of a head
    BODY = 1  # the application has the head and is given the body as it comes
    ANSWERING = 2  # the request is whole, its answer is not
    ENDING = 3  # nothing more is read


# A look at an enumeration's member takes longer than a look at a name.
_HEAD, _BODY, _ANSWERING, _ENDING = Stage

Deadline = Literal["idle", "head", "body", "answer", "end"]


class HttpProtocol(asyncio.Protocol):
    """A connection whose requests go to the ASGI application."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        if not config.loaded:
            config.load()
        self.config = config
        self.app = config.loaded_app
        self.server_state = server_state
        self.loop = _loop or asyncio.get_running_loop()
        self.transport: BufferedTransport
        self.flow: FlowControl
        self.source = ""
        self._app_state = app_state
        self._connections = connections
        self._limits = connections.limits
        self._keep_alive = config.timeout_keep_alive  # seconds
        self._asgi = {"version": config.asgi_version, "spec_version": "2.3"}
        self._stage = _HEAD
        self._held = b""  # what has come and is not served yet, from `_held_from` on
        self._held_from = 0
        self._searched = 0  # bytes of that in which the head's end is not
        self._skipped = 0  # empty lines before the present request
        self._body: Body | None = None
        self._cycle: RequestResponseCycle | None = None
        self._idle_since: float | None = 0.0
        self._queued_since: float | None = None  # since when requests wait behind another
        self._deadline = 0.0  # the loop's time; 0 for none
        self._deadline_of: Deadline = "head"
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._is_stopping = False

    # What asyncio and uvicorn call.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, or refuse it where there is no room."""
        self.transport = BufferedTransport(transport, self.loop)
        self.flow = FlowControl(cast("asyncio.Transport", self.transport))
        self._server = get_local_addr(transport)
        self._client = get_remote_addr(transport)
        self._scheme = "https" if is_ssl(transport) else "http"
        self.source = self._client[0] if self._client else ""
        self.server_state.connections.add(cast("Any", self))
        now = self.loop.time()
        self._idle_since = now
        if self._connections.admit(self):
            self._expire_after(self._limits.head_timeout, "head", now)
        else:
            self._turn_down()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._stage = _ENDING
        self._connections.forget(self)
        self.server_state.connections.discard(cast("Any", self))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._disconnect()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Serve the requests that are whole, and hold what is not."""
        if self._held:
            data = self._held[self._held_from :] + data
            self._held = b""
        if self._stage < _ANSWERING:
            self._serve(data, 0)
        elif self._stage is _ANSWERING:
            self._hold(data, 0)
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        """Note that the client does not read its answers."""
        self.flow.pause_writing()
        now = self.loop.time()
        self._idle_since = now
        if self._stage is not _ENDING:
            self._expire_after(self._limits.answer_timeout, "answer", now)

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        self.flow.resume_writing()
        if self._stage is _HEAD:
            self._await_request()
        elif self._stage is _BODY:
            self._expire_after(self._limits.body_timeout, "body", self.loop.time())
        elif self._stage is _ANSWERING:
            self._await_answer()

    def shutdown(self) -> None:
        """Begin the end of the connection; only a request that is whole may take its time.

        A request that the client sends before it knows of the end is answered: the connection
        waits for it a moment, and the answer says that it is the last.
        """
        self._is_stopping = True
        cycle, now = self._cycle, self.loop.time()
        if self._stage is _HEAD and not self.flow.write_paused:
            self._expire_after(_LAST_REQUEST, "idle", now)
        elif cycle is None or cycle.response_complete or self._stage in (_HEAD, _ENDING):
            self._end()
        else:
            cycle.keep_alive = False
            if self._stage is _BODY:
                self._expire_after(_LAST_BODY, "body", now)
            elif self.flow.write_paused:
                self._expire_after(_LINGER, "answer", now)
        stopping = self._app_state.get(STOPPING)
        if stopping:
            stopping()

    # What the limit on connections asks.

    @property
    def eviction_key(self) -> EvictionKey | None:
        """Return the place among connections to close, None while a request is served.

        Who sends requests faster than the answers are read counts as one who does not read.
        """
        if self._queued_since is not None:
            return 0, self._queued_since
        if self._idle_since is None:
            return None
        return 0 if self.flow.write_paused else 1, self._idle_since

    def evict(self) -> None:
        """Close the connection now, for another one."""
        self._connections.note("evicted", self.source, self.loop.time())
        self._abort()

    # From bytes to requests.

    def _serve(self, buffer: bytes, start: int) -> None:
        """Serve the requests that are whole, one after the other; hold what is left."""
        size, served = len(buffer), 0
        try:
            while start < size:
                if self._stage is _HEAD:
                    end = buffer.find(_END_OF_HEAD, start + self._searched) + 4
                    if end == _NOT_FOUND or buffer[start] == _CR:
                        if buffer.startswith(b"\r\n", start):
                            start = self._skip_empty_line(start)
                            continue
                        self._check_beginning(buffer, start)
                        break
                    self._searched = self._skipped = 0
                    start = self._begin(parse(buffer[start:end], self._limits.head), buffer, end)
                    served += 1
                    if served == _MOST_A_TURN:
                        self._yield_turn()
                elif self._stage is _BODY:
                    before = start
                    start = self._read_body(buffer, start)
                    if start == before:
                        break
                else:
                    break
        except RefusedRequest as refused:
            self._refuse("malformed", refused.status, refused.description)
            return
        if start < size:
            self._hold(buffer, start)

    def _yield_turn(self) -> None:
        """Let other connections have their turn before more requests of this one are served."""
        if self._stage is _HEAD:
            self._stage = _ANSWERING
            self.flow.pause_reading()
            self.loop.call_soon(self._on_response)

    def _hold(self, buffer: bytes, start: int) -> None:
        """Keep what cannot be served yet."""
        self._held, self._held_from = buffer, start
        now = self.loop.time()
        if self._stage is _ANSWERING:
            if self._queued_since is None:
                self._queued_since = now
        elif self._stage is _HEAD:
            self._queued_since = None
            if self._deadline_of != "head" and not self._is_stopping:
                self._expire_after(self._limits.head_timeout, "head", now)

    def _skip_empty_line(self, start: int) -> int:
        """Return where an empty line before a request ends (RFC 9112 §2.2)."""
        self._skipped += 1
        if self._skipped > _MOST_EMPTY_LINES:
            raise RefusedRequest(400, "A request begins with its method.")
        return start + 2

    def _check_beginning(self, buffer: bytes, start: int) -> None:
        """Refuse what cannot become a request's head; note where to search on."""
        size = len(buffer) - start
        limits = self._limits.head
        if not _METHOD.match(buffer, start):
            raise RefusedRequest(400, "This is not an HTTP request.")
        longest_line = limits.target + _LONGEST_REQUEST_LINE
        if size > longest_line and buffer.find(b"\r\n", start, start + longest_line) < 0:
            raise RefusedRequest(414, f"The request target is over {limits.target} bytes.")
        if size > limits.head:
            raise RefusedRequest(431, f"The request's header is over {limits.head} bytes.")
        place = start + self._searched
        lines = buffer.count(b"\r\n", max(start, place - 1))
        if buffer.count(b"\n", place) > lines:
            raise RefusedRequest(400, "This is not an HTTP request.")
        self._searched = max(0, size - len(_END_OF_HEAD) + 1)

    def _begin(self, head: Head, buffer: bytes, start: int) -> int:
        """Serve a request whose body begins at `start`; return where what was used up ends."""
        length = head.length
        end = start + length
        if length != CHUNKED and end <= len(buffer):
            content = buffer[start:end]
            if self._is_stopping or not self._answer_at_once(head, content):
                self._start(head)
                self._give(content)
                self._finish_body()
            return end
        self._body = bodies.of_length(length)
        self._stage = _BODY
        seconds = _LAST_BODY if self._is_stopping else self._limits.body_timeout
        self._expire_after(seconds, "body", self.loop.time())
        self._start(head)
        return start

    def _answer_at_once(self, head: Head, body: bytes) -> bool:  # noqa: ARG002
        """Answer a whole request without ASGI; return whether that was done."""
        return False

    def _read_body(self, buffer: bytes, start: int) -> int:
        """Give the application what has come of the body; return where that ends."""
        body = self._body
        assert body is not None  # noqa: S101 - the stage says so
        content, end = body.read(buffer, start)
        self._give(content)
        if body.is_complete:
            self._finish_body()
        return end

    # The way through ASGI.

    def _start(self, head: Head) -> None:
        """Start the application on a request of which the head is there."""
        path, _, query = head.target.partition(b"?")
        is_1_1 = head.version == b"HTTP/1.1"
        scope: Any = {
            "type": "http",
            "asgi": self._asgi.copy(),
            "http_version": "1.1" if is_1_1 else "1.0",
            "server": self._server,
            "client": self._client,
            "scheme": self._scheme,
            "root_path": self.config.root_path,
            "method": head.method.decode(),
            "path": path.decode("ascii"),
            "raw_path": path,
            "query_string": query,
            "headers": head.fields,
            "state": self._app_state.copy(),
        }
        expect = head.headers.get(b"expect")
        self._cycle = RequestResponseCycle(
            scope=scope,
            transport=cast("asyncio.Transport", self.transport),
            flow=self.flow,
            logger=_uvicorn_log,
            access_logger=_uvicorn_log,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=expect is not None and expect.lower() == b"100-continue",
            keep_alive=head.keep_alive and is_1_1 and not self._is_stopping,
            on_response=self._on_response,
        )
        tasks = self.server_state.tasks
        task = self.loop.create_task(self._cycle.run_asgi(self.app))
        task.add_done_callback(tasks.discard)
        tasks.add(task)

    def _give(self, content: bytes) -> None:
        """Give the application a part of the body; nobody wants it after the answer."""
        cycle = self._cycle
        if not content or cycle is None or cycle.response_complete:
            return
        cycle.body += content
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def _finish_body(self) -> None:
        """Tell the application that the body is whole."""
        self._body = None
        cycle = self._cycle
        assert cycle is not None  # noqa: S101 - it was started
        if cycle.response_complete:
            self._await_request()
            return
        self._stage = _ANSWERING
        self._await_answer()
        cycle.more_body = False
        cycle.message_event.set()

    def _on_response(self) -> None:
        """Go on with what waits behind a request that has its answer."""
        if self._stage is _ENDING:
            return
        if self.transport.is_closing():
            self._stage = _ENDING
            seconds = _LINGER if self._is_stopping else self._limits.answer_timeout
            self._expire_after(seconds, "answer", self.loop.time())
            return
        self.flow.resume_reading()
        if self._stage is _ANSWERING:
            self._await_request()
            if self._held:
                held, self._held = self._held, b""
                self._serve(held, self._held_from)
            if not self._held:
                self._queued_since = None

    def _await_answer(self) -> None:
        """Give the application its time, unless the client does not read earlier answers."""
        if not self.flow.write_paused:
            self._idle_since = None
            self._deadline = 0.0
        elif self._deadline_of != "answer":
            self._expire_after(self._limits.answer_timeout, "answer", self.loop.time())

    def _await_request(self) -> None:
        """Wait for the next request, but not for ever."""
        self._stage = _HEAD
        if self.flow.write_paused:
            return
        self._idle_since = now = self.loop.time()
        self._deadline = now + self._keep_alive
        self._deadline_of = "idle"
        if self._timer is None or self._timer_at > self._deadline:
            self._set_timer(self._keep_alive)

    # The end of a connection.

    def _turn_down(self) -> None:
        """Refuse a connection for which there is no room; at once, as it takes a descriptor."""
        self._connections.note("refused", self.source, self.loop.time())
        self._stage = _ENDING
        self.transport.write(refusal(503, "Too many connections. Try again shortly.", RETRY_AFTER))
        self.transport.close()

    def _refuse(self, reason: Reason, status: int, description: str) -> None:
        """Answer what is not served, and end the connection once the client could read it."""
        now = self.loop.time()
        self._connections.note(reason, self.source, now, description)
        is_answered = self._stage is _BODY and self._disconnect()
        self._stage = _ENDING
        self._held = b""
        if is_answered or not self.transport.can_write_eof():
            self.transport.close()
        else:
            headers = self.server_state.default_headers
            self.transport.write(refusal(status, description, headers))
            self.transport.write_eof()
            self.flow.resume_reading()  # what is on its way must not reset the connection
        self._expire_after(_LINGER, "end", now)

    def _disconnect(self) -> bool:
        """Take the connection from a request that is being served; return if an answer began."""
        cycle = self._cycle
        if cycle is None:
            return False
        cycle.disconnected = not cycle.response_complete
        cycle.message_event.set()
        return cycle.response_started

    def _end(self) -> None:
        """Close the connection when what was written is read, or soon."""
        self._stage = _ENDING
        self.transport.close()
        self._expire_after(_LINGER, "end", self.loop.time())

    def _abort(self) -> None:
        self._stage = _ENDING
        self.transport.abort()

    # Time.

    def _expire_after(self, seconds: float, what: Deadline, now: float) -> None:
        """Let the connection end in so many seconds unless something comes of it before.

        One timer serves for many requests: to set and cancel one for each takes longer.
        """
        self._deadline = now + seconds
        self._deadline_of = what
        if self._timer is None or self._timer_at > self._deadline:
            self._set_timer(seconds)

    def _set_timer(self, seconds: float) -> None:
        """Look in so many seconds whether the time is over, and not at another time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._deadline
        self._timer = self.loop.call_later(seconds, self._on_time)

    def _on_time(self) -> None:
        """End the connection if its time is over, or look again later."""
        self._timer = None
        if not self._deadline:
            return  # the application has the request; what comes of it sets a time
        left = self._deadline - self.loop.time()
        if left > _NO_WORSE:
            self._set_timer(left)
        else:
            self._expire()

    def _expire(self) -> None:
        what = self._deadline_of
        if what == "idle":
            self._end()
        elif what == "head":
            self._refuse("header_timeout", 408, "The request's header did not come in time.")
        elif what == "body":
            self._refuse("body_timeout", 408, "The request's body did not come in time.")
        else:
            if what == "answer":
                self._connections.note("unread", self.source, self.loop.time())
            self._abort()
