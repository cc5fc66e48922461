"""The life of an HTTP/1.1 connection: what it waits for and how long, and how it ends."""

import asyncio
from enum import IntEnum
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from gatepass.server.http import ClientCertificate
from gatepass.server.serving.http1.body import Body
from gatepass.server.serving.http1.connections import Connections, EvictionKey, Reason
from gatepass.server.serving.http1.cycle import Cycle
from gatepass.server.serving.http1.deadline import Deadline
from gatepass.server.serving.http1.refusal import RETRY_AFTER, refusal
from gatepass.server.serving.http1.write_buffer import BufferedTransport
from gatepass.server.serving.readiness import DRAINING, STOPPING

LINGER = 2.0  # seconds in which a refused client may still read why (RFC 9112 §9.6)
_LAST_REQUEST = 0.5  # seconds in which a request may still come when the server stops
LAST_BODY = 2.0  # seconds that a half-sent body has when the server stops


class State(IntEnum):
    """How far the connection is with the current request."""

    HEAD = 0  # waits for a request, or for the rest of a head
    BODY = 1  # the application has the head and receives the body as it comes
    RESPONDING = 2  # the request is complete, its response is not
    ENDING = 3  # nothing more is read


# Looking up a member of an enumeration takes longer than looking up a name.
HEAD, BODY, RESPONDING, ENDING = State


class Connection(asyncio.Protocol):
    """A connection without its requests, which `HttpProtocol` reads and serves."""

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
        self._state = HEAD
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
        self._is_waiting = False  # for what a response without ASGI needs
        self._is_draining = DRAINING in app_state  # each response says `Connection: close`

    # Called by asyncio and uvicorn.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, or refuse it if there are too many."""
        self.transport = BufferedTransport(transport, self.loop)
        self.flow = FlowControl(cast("asyncio.Transport", self.transport))
        self._server = get_local_addr(transport)
        self._client = get_remote_addr(transport)
        self._scheme = "https" if is_ssl(transport) else "http"
        self._certificate = _certificate(transport)
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
        self._state = ENDING
        self._connections.remove(self)
        self.server_state.connections.discard(cast("Any", self))
        self._deadline.close()
        self._disconnect()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()

    def pause_writing(self) -> None:
        """Start the time limit of a client that does not read its responses."""
        self.flow.pause_writing()
        now = self.loop.time()
        self._idle_since = now
        if self._state is not ENDING:
            self._deadline.set(self._limits.answer_timeout, "response", now)

    def resume_writing(self) -> None:
        """Continue where the connection was: the client reads again."""
        self.flow.resume_writing()
        if self._state is HEAD:
            self._await_request()
        elif self._state is BODY:
            self._deadline.set(self._limits.body_timeout, "body", self.loop.time())
        elif self._state is RESPONDING:
            self._await_response()

    def drain(self) -> None:
        """Close the connection after the next response, which says `Connection: close`."""
        self._is_draining = True
        cycle = self._cycle
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = False

    def shutdown(self) -> None:
        """Begin to end the connection; only a complete request may take its time.

        The connection waits shortly for a request that the client sends before it learns of the
        end; the response to it says `Connection: close`.
        """
        self._is_stopping = self._is_draining = True
        cycle, now = self._cycle, self.loop.time()
        if self._state is HEAD and not self.flow.write_paused:
            self._deadline.set(_LAST_REQUEST, "idle", now)
        elif self._is_waiting:  # the application then responds, and ends the connection
            pass
        elif cycle is None or cycle.response_complete or self._state in (HEAD, ENDING):
            self._end()
        else:
            cycle.keep_alive = False
            if self._state is BODY:
                self._deadline.set(LAST_BODY, "body", now)
            elif self.flow.write_paused:
                self._deadline.set(LINGER, "response", now)
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

    # What it waits for.

    def _await_response(self) -> None:
        """Remove the deadline, unless the client does not read earlier responses."""
        if not self.flow.write_paused:
            self._idle_since = None
            self._deadline.at = 0.0
        elif self._deadline.purpose != "response":
            self._deadline.set(self._limits.answer_timeout, "response", self.loop.time())

    def _await_request(self) -> None:
        """Wait for the next request, within the idle timeout."""
        self._state = HEAD
        if self.flow.write_paused:
            return
        self._idle_since = now = self._time()
        self._deadline.set(self._keep_alive, "idle", now)

    # The end of the connection.

    def _refuse_connection(self) -> None:
        """Refuse a connection over the limit; immediately, as it takes a file descriptor."""
        self._connections.record_end("refused", self.source, self.loop.time())
        self._state = ENDING
        self.transport.write(refusal(503, "Too many connections. Try again shortly.", RETRY_AFTER))
        self.transport.close()

    def _refuse_request(self, reason: Reason, status: int, description: str) -> None:
        """Send an error, and end the connection once the client could read it."""
        now = self.loop.time()
        self._connections.record_end(reason, self.source, now, description)
        has_begun = self._state is BODY and self._disconnect()
        self._state = ENDING
        self._pending = b""
        if has_begun:
            self.transport.close()
        else:
            headers = self.server_state.default_headers
            self.transport.write(refusal(status, description, headers))
            self.flow.resume_reading()  # unread data must not reset the connection
            if not self.transport.can_write_eof():  # TLS: only a close, after which none is read
                self._deadline.set(LINGER, "idle", now)
                return
            self.transport.write_eof()
        self._deadline.set(LINGER, "end", now)

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
        self._state = ENDING
        self.transport.close()
        self._deadline.set(LINGER, "end", self.loop.time())

    def _abort(self) -> None:
        self._state = ENDING
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


def _certificate(transport: asyncio.Transport) -> ClientCertificate | None:
    """Return the certificate that the client showed; OpenSSL validates each that it accepts."""
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls else None
    return ClientCertificate(der, is_validated=True) if der else None
