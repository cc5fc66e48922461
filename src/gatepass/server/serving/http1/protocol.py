"""One HTTP/1.1 connection: its bytes become requests, one at a time.

uvicorn provides the sockets, the server's lifespan and the ASGI cycle. This module decides where
each message begins and ends, how long its parts may be and take, and in which order messages are
served. While a request is being served, the connection does not read the next ones, so that
neither they nor unread responses fill the memory.
"""

import asyncio
import logging
from enum import IntEnum
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from gatepass.server.serving.http1 import body as bodies
from gatepass.server.serving.http1.body import Body
from gatepass.server.serving.http1.connections import Connections, EvictionKey, Reason
from gatepass.server.serving.http1.cycle import Cycle
from gatepass.server.serving.http1.deadline import Deadline
from gatepass.server.serving.http1.head import (
    CHUNKED,
    Head,
    RefusedRequest,
    check_beginning,
    parse,
)
from gatepass.server.serving.http1.refusal import RETRY_AFTER, refusal
from gatepass.server.serving.http1.write_buffer import BufferedTransport
from gatepass.server.serving.readiness import STOPPING

_END_OF_HEAD = b"\r\n\r\n"
_NOT_FOUND = -1 + len(_END_OF_HEAD)
_CR = 13
_MOST_EMPTY_LINES = 4
_MOST_PER_ITERATION = 16  # requests of one connection in one iteration of the event loop
_LINGER = 2.0  # seconds in which a refused client may still read why (RFC 9112 §9.6)
_LAST_REQUEST = 0.5  # seconds in which a request may still come when the server stops
_LAST_BODY = 2.0  # seconds that a half-sent body has when the server stops

_uvicorn_log = logging.getLogger("uvicorn.error")


class State(IntEnum):
    """How far the connection is with the current request."""

    HEAD = 0  # waits for a request, or for the rest of a head
    BODY = 1  # the application has the head and receives the body as it comes
    RESPONDING = 2  # the request is complete, its response is not
    ENDING = 3  # nothing more is read


# Looking up a member of an enumeration takes longer than looking up a name.
_HEAD, _BODY, _RESPONDING, _ENDING = State


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
        self._time = self.loop.time
        self.transport: BufferedTransport
        self.flow: FlowControl
        self.source = ""
        self._app_state = app_state
        self._connections = connections
        self._limits = connections.limits
        self._keep_alive = config.timeout_keep_alive  # seconds
        self._asgi = {"version": config.asgi_version, "spec_version": "2.3"}
        self._state = _HEAD
        self._pending = b""  # received and not served yet, from `_pending_from` on
        self._pending_from = 0
        self._searched = 0  # bytes of that which do not contain the end of the head
        self._skipped = 0  # empty lines before the current request
        self._body: Body | None = None
        self._cycle: Cycle | None = None
        self._idle_since: float | None = 0.0
        self._queued_since: float | None = None  # since when requests wait behind another
        self._deadline = Deadline(self.loop, self._expire)
        self._is_stopping = False

    # Called by asyncio and uvicorn.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, or refuse it if there are too many."""
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
            self._deadline.set(self._limits.head_timeout, "head", now)
        else:
            self._refuse_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._state = _ENDING
        self._connections.remove(self)
        self.server_state.connections.discard(cast("Any", self))
        self._deadline.close()
        self._disconnect()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Serve the complete requests, and keep the rest."""
        if self._pending:
            data = self._pending[self._pending_from :] + data
            self._pending = b""
        if self._state < _RESPONDING:
            self._serve(data, 0)
        elif self._state is _RESPONDING:
            self._keep(data, 0)
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        """Start the time limit of a client that does not read its responses."""
        self.flow.pause_writing()
        now = self.loop.time()
        self._idle_since = now
        if self._state is not _ENDING:
            self._deadline.set(self._limits.answer_timeout, "response", now)

    def resume_writing(self) -> None:
        """Continue where the connection was: the client reads again."""
        self.flow.resume_writing()
        if self._state is _HEAD:
            self._await_request()
        elif self._state is _BODY:
            self._deadline.set(self._limits.body_timeout, "body", self.loop.time())
        elif self._state is _RESPONDING:
            self._await_response()

    def shutdown(self) -> None:
        """Begin to end the connection; only a complete request may take its time.

        The connection waits shortly for a request that the client sends before it learns of the
        end; the response to it says `Connection: close`.
        """
        self._is_stopping = True
        cycle, now = self._cycle, self.loop.time()
        if self._state is _HEAD and not self.flow.write_paused:
            self._deadline.set(_LAST_REQUEST, "idle", now)
        elif cycle is None or cycle.response_complete or self._state in (_HEAD, _ENDING):
            self._end()
        else:
            cycle.keep_alive = False
            if self._state is _BODY:
                self._deadline.set(_LAST_BODY, "body", now)
            elif self.flow.write_paused:
                self._deadline.set(_LINGER, "response", now)
        stopping = self._app_state.get(STOPPING)
        if stopping:
            stopping()

    # Called by the limit on connections.

    @property
    def eviction_key(self) -> EvictionKey | None:
        """Return the order among connections to close; None while a request is served.

        A client that sends requests faster than it reads responses counts as one that does not
        read.
        """
        if self._queued_since is not None:
            return 0, self._queued_since
        if self._idle_since is None:
            return None
        return 0 if self.flow.write_paused else 1, self._idle_since

    def evict(self) -> None:
        """Close the connection now, in favour of another one."""
        self._connections.record_end("evicted", self.source, self.loop.time())
        self._abort()

    # From bytes to requests.

    def _serve(self, buffer: bytes, start: int) -> None:
        """Serve the complete requests one after the other; keep what is left."""
        size, served = len(buffer), 0
        try:
            while start < size:
                if self._state is _HEAD:
                    end = buffer.find(_END_OF_HEAD, start + self._searched) + 4
                    if end == _NOT_FOUND or buffer[start] == _CR:
                        if buffer.startswith(b"\r\n", start):
                            start = self._skip_empty_line(start)
                            continue
                        self._searched = check_beginning(
                            buffer, start, self._searched, self._limits.head
                        )
                        break
                    self._searched = self._skipped = 0
                    start = self._begin(parse(buffer[start:end], self._limits.head), buffer, end)
                    served += 1
                    if served == _MOST_PER_ITERATION:
                        self._yield_to_others()
                elif self._state is _BODY:
                    before = start
                    start = self._read_body(buffer, start)
                    if start == before:
                        break
                else:
                    break
        except RefusedRequest as error:
            self._refuse_request("malformed", error.status, error.description)
            return
        if start < size:
            self._keep(buffer, start)

    def _yield_to_others(self) -> None:
        """Let the event loop serve other connections before more requests of this one."""
        if self._state is _HEAD:
            self._state = _RESPONDING
            self.flow.pause_reading()
            self.loop.call_soon(self._on_response)

    def _keep(self, buffer: bytes, start: int) -> None:
        """Keep what cannot be served yet."""
        self._pending, self._pending_from = buffer, start
        now = self.loop.time()
        if self._state is _RESPONDING:
            if self._queued_since is None:
                self._queued_since = now
        elif self._state is _HEAD:
            self._queued_since = None
            if self._deadline.purpose != "head" and not self._is_stopping:
                self._deadline.set(self._limits.head_timeout, "head", now)

    def _skip_empty_line(self, start: int) -> int:
        """Return the position after an empty line before a request (RFC 9112 §2.2)."""
        self._skipped += 1
        if self._skipped > _MOST_EMPTY_LINES:
            raise RefusedRequest(400, "A request begins with its method.")
        return start + 2

    def _begin(self, head: Head, buffer: bytes, start: int) -> int:
        """Serve a request whose body begins at `start`; return the position after what was read."""
        length = head.length
        end = start + length
        if length != CHUNKED and end <= len(buffer):
            content = buffer[start:end]
            if self._is_stopping or not self._respond_directly(head, content):
                self._start_application(head)
                self._pass_body(content)
                self._finish_body()
            return end
        self._body = bodies.of_length(length)
        self._state = _BODY
        seconds = _LAST_BODY if self._is_stopping else self._limits.body_timeout
        self._deadline.set(seconds, "body", self.loop.time())
        self._start_application(head)
        return start

    def _respond_directly(self, head: Head, body: bytes) -> bool:  # noqa: ARG002
        """Respond to a complete request without ASGI; return whether that was done."""
        return False

    def _read_body(self, buffer: bytes, start: int) -> int:
        """Pass on the received part of the body; return the position after it."""
        body = self._body
        assert body is not None  # noqa: S101 - the state says so
        content, end = body.read(buffer, start)
        self._pass_body(content)
        if body.is_complete:
            self._finish_body()
        return end

    # ASGI.

    def _start_application(self, head: Head) -> None:
        """Start the application on a request of which the head was read."""
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
        self._cycle = cycle = Cycle(
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
        task = self.loop.create_task(cycle.run_asgi(self.app))
        task.add_done_callback(tasks.discard)
        tasks.add(task)

    def _pass_body(self, content: bytes) -> None:
        """Pass a part of the body to the application, unless its response is complete."""
        cycle = self._cycle
        if not content or cycle is None or cycle.response_complete:
            return
        cycle.body += content
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def _finish_body(self) -> None:
        """Tell the application that the body is complete."""
        self._body = None
        cycle = self._cycle
        assert cycle is not None  # noqa: S101 - it was started
        if cycle.response_complete:
            self._await_request()
            return
        self._state = _RESPONDING
        self._await_response()
        cycle.more_body = False
        cycle.message_event.set()

    def _on_response(self) -> None:
        """Continue with the pending requests after a response."""
        if self._state is _ENDING:
            return
        if self.transport.is_closing():
            self._state = _ENDING
            seconds = _LINGER if self._is_stopping else self._limits.answer_timeout
            self._deadline.set(seconds, "response", self.loop.time())
            return
        self.flow.resume_reading()
        if self._state is _RESPONDING:
            self._await_request()
            if self._pending:
                pending, self._pending = self._pending, b""
                self._serve(pending, self._pending_from)
            if not self._pending:
                self._queued_since = None

    def _await_response(self) -> None:
        """Remove the deadline, unless the client does not read earlier responses."""
        if not self.flow.write_paused:
            self._idle_since = None
            self._deadline.at = 0.0
        elif self._deadline.purpose != "response":
            self._deadline.set(self._limits.answer_timeout, "response", self.loop.time())

    def _await_request(self) -> None:
        """Wait for the next request, within the idle timeout."""
        self._state = _HEAD
        if self.flow.write_paused:
            return
        self._idle_since = now = self._time()
        self._deadline.set(self._keep_alive, "idle", now)

    # The end of the connection.

    def _refuse_connection(self) -> None:
        """Refuse a connection over the limit; immediately, as it takes a file descriptor."""
        self._connections.record_end("refused", self.source, self.loop.time())
        self._state = _ENDING
        self.transport.write(refusal(503, "Too many connections. Try again shortly.", RETRY_AFTER))
        self.transport.close()

    def _refuse_request(self, reason: Reason, status: int, description: str) -> None:
        """Send an error, and end the connection once the client could read it."""
        now = self.loop.time()
        self._connections.record_end(reason, self.source, now, description)
        has_begun = self._state is _BODY and self._disconnect()
        self._state = _ENDING
        self._pending = b""
        if has_begun or not self.transport.can_write_eof():
            self.transport.close()
        else:
            headers = self.server_state.default_headers
            self.transport.write(refusal(status, description, headers))
            self.transport.write_eof()
            self.flow.resume_reading()  # unread data must not reset the connection
        self._deadline.set(_LINGER, "end", now)

    def _disconnect(self) -> bool:
        """Disconnect the current request; return whether its response has begun."""
        cycle = self._cycle
        if cycle is None:
            return False
        cycle.disconnected = not cycle.response_complete
        cycle.message_event.set()
        return cycle.response_started

    def _end(self) -> None:
        """Close the connection once the client has read what was written, or soon."""
        self._state = _ENDING
        self.transport.close()
        self._deadline.set(_LINGER, "end", self.loop.time())

    def _abort(self) -> None:
        self._state = _ENDING
        self.transport.abort()

    def _expire(self) -> None:
        """End the connection, as its deadline is over."""
        purpose = self._deadline.purpose
        if purpose == "idle":
            self._end()
        elif purpose == "head":
            self._refuse_request(
                "header_timeout", 408, "The request's header did not come in time."
            )
        elif purpose == "body":
            self._refuse_request("body_timeout", 408, "The request's body did not come in time.")
        else:
            if purpose == "response":
                self._connections.record_end("unread", self.source, self.loop.time())
            self._abort()
