"""The requests of one HTTP/1.1 connection: its bytes become requests, one at a time.

uvicorn provides the sockets, the server's lifespan and the ASGI cycle. This module decides where
each message begins and ends, and in which order messages are served; `lifecycle` how long their
parts may take. While a request is being served, the connection does not read the next ones, so
that neither they nor unread responses fill the memory.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from gatepass.server.http import CERTIFICATE
from gatepass.server.serving.http1 import body as bodies
from gatepass.server.serving.http1.cycle import Cycle
from gatepass.server.serving.http1.head import (
    CHUNKED,
    Head,
    RefusedRequest,
    check_beginning,
    parse,
)
from gatepass.server.serving.http1.lifecycle import (
    BODY,
    ENDING,
    HEAD,
    LAST_BODY,
    LINGER,
    RESPONDING,
    Connection,
)

_END_OF_HEAD = b"\r\n\r\n"
_NOT_FOUND = -1 + len(_END_OF_HEAD)
_CR = 13
_MOST_EMPTY_LINES = 4
_MOST_PER_ITERATION = 16  # requests of one connection in one iteration of the event loop
_LONGEST_KEPT = 1024  # bytes of a head that its connection keeps, so that many take little memory
_MOST_KEPT = 16  # fields of such a head

_uvicorn_log = logging.getLogger("uvicorn.error")


class HttpProtocol(Connection):
    """A connection whose requests go to the ASGI application."""

    _extension: Mapping[str, object] = {}  # of the scope of the next request to the application
    _last_raw = b""  # the bytes of a head, and what they were read as
    _last_head: Head

    def data_received(self, data: bytes) -> None:
        """Serve the complete requests, and keep the rest."""
        if self._pending:
            data = self._pending[self._pending_from :] + data
            self._pending = b""
        if self._state < RESPONDING:
            self._serve(data, 0)
        elif self._state is RESPONDING:
            self._keep(data, 0)
            self.flow.pause_reading()

    # From bytes to requests.

    def _serve(self, buffer: bytes, start: int) -> None:
        """Serve the complete requests one after the other; keep what is left."""
        size, served = len(buffer), 0
        try:
            while start < size:
                if self._state is HEAD:
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
                    raw = buffer[start:end]
                    head = self._last_head if raw == self._last_raw else self._parse(raw)
                    start = self._begin(head, buffer, end)
                    served += 1
                    if served == _MOST_PER_ITERATION:
                        self._yield_to_others()
                elif self._state is BODY:
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

    def _parse(self, raw: bytes) -> Head:
        """Return the head in `raw`, and keep it if it is small: most clients repeat theirs."""
        head = parse(raw, self._limits.head)
        if len(raw) <= _LONGEST_KEPT and len(head.fields) <= _MOST_KEPT:
            self._last_raw, self._last_head = raw, head
        return head

    def _yield_to_others(self) -> None:
        """Let the event loop serve other connections before more requests of this one."""
        if self._state is HEAD:
            self._state = RESPONDING
            self.flow.pause_reading()
            self.loop.call_soon(self._on_response)

    def _keep(self, buffer: bytes, start: int) -> None:
        """Keep what cannot be served yet."""
        self._pending, self._pending_from = buffer, start
        now = self.loop.time()
        if self._state is RESPONDING:
            if self._queued_since is None:
                self._queued_since = now
        elif self._state is HEAD:
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
            if self._is_draining or not self._respond_directly(head, content):
                self._hand_over(head, content)
            return end
        self._body = bodies.of_length(length)
        self._state = BODY
        seconds = LAST_BODY if self._is_stopping else self._limits.body_timeout
        self._deadline.set(seconds, "body", self.loop.time())
        self._start_application(head)
        return start

    def _respond_directly(self, head: Head, body: bytes) -> bool:  # noqa: ARG002
        """Respond to a complete request without ASGI; return whether that was done, or will be.

        If not, `_extension` may be set, which becomes part of the scope. Whoever responds later
        sets the state to RESPONDING and `_is_waiting`, and calls `_on_response` then.
        """
        return False

    def _hand_over(self, head: Head, body: bytes) -> None:
        """Let the application respond to a complete request."""
        self._start_application(head)
        self._pass_body(body)
        self._finish_body()

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
            "headers": head.fields.copy(),  # the application may change its own
            "state": self._app_state.copy(),
            **self._extension,
        }
        if self._certificate is not None:
            scope[CERTIFICATE] = self._certificate
        self._extension = {}
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
            keep_alive=head.keep_alive and is_1_1 and not self._is_draining,
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
        self._state = RESPONDING
        self._await_response()
        cycle.more_body = False
        cycle.message_event.set()

    def _on_response(self) -> None:
        """Continue with the pending requests after a response."""
        if self._state is ENDING:
            return
        if self.transport.is_closing():
            self._state = ENDING
            seconds = LINGER if self._is_stopping else self._limits.answer_timeout
            self._deadline.set(seconds, "response", self.loop.time())
            return
        self.flow.resume_reading()
        if self._state is RESPONDING:
            self._await_request()
            if self._pending:
                pending, self._pending = self._pending, b""
                self._serve(pending, self._pending_from)
            if not self._pending:
                self._queued_since = None
