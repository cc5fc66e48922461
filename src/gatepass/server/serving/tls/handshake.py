"""A connection until its TLS handshake is done: within the limits of all connections, and of time.

asyncio calls the protocol of a connection after the handshake only. Until then a client that sends
nothing would be in no limit, so it is counted here, from the moment in which it was accepted.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, Self, cast

from uvicorn.server import ServerState

from gatepass.server.serving.http1.connections import Connections, EvictionKey
from gatepass.server.serving.http1.refusal import refusal

_HANDSHAKE = 22  # the type of the record with which TLS begins (RFC 8446 §5.1)
_SHUTDOWN_WITHIN = 5.0  # seconds for the client's close_notify
_LAST_HELLO = 0.5  # seconds in which TLS may still begin when the server stops
_LAST_HANDSHAKE = 2.0  # seconds for a handshake that runs then
_PLAIN = refusal(400, "This port speaks TLS. Use an https:// address.", ())

ProtocolFactory = Callable[[], asyncio.Protocol]


class _Stoppable(Protocol):
    def shutdown(self) -> None:
        """Begin to end the connection."""


class Handshake(asyncio.Protocol):
    """An accepted socket of which the protocol follows once it speaks TLS."""

    def __init__(
        self,
        accepted: socket.socket,
        context: ssl.SSLContext,
        make: ProtocolFactory,
        connections: Connections,
        state: ServerState,
    ) -> None:
        self._socket = accepted
        self._context = context
        self._make = make
        self._connections = connections
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._source = _source(accepted)
        self._since = self._loop.time()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopping = False

    def begin(self) -> None:
        """Wait for the first byte; refuse the connection at once if there are too many."""
        if not self._connections.admit(self):
            self._connections.record_end("refused", self._source, self._since)
            self._socket.close()
            return
        self._state.connections.add(cast("Any", self))
        with suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seconds = self._connections.limits.head_timeout
        self._timer = self._loop.call_later(seconds, self._expire)
        self._loop.add_reader(self._socket, self._look)

    # Called by the limit on connections, and by the server when it ends.

    @property
    def eviction_key(self) -> EvictionKey | None:
        """Return the order among connections to close: as one that has sent no request."""
        return 1, self._since

    @property
    def transport(self) -> Self:
        """Return what `abort` ends."""
        return self

    def evict(self) -> None:
        """Close the connection now, in favour of another one."""
        self._connections.record_end("evicted", self._source, self._loop.time())
        self.abort()

    def abort(self) -> None:
        """Close the connection now."""
        self._forget()
        if self._task is not None:
            self._task.cancel()
        else:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def shutdown(self) -> None:
        """Begin to end: who has just connected may finish the handshake, and get a response."""
        self._is_stopping = True
        if self._timer is not None:
            self._timer.cancel()
        seconds = _LAST_HELLO if self._task is None else _LAST_HANDSHAKE
        self._timer = self._loop.call_later(seconds, self.abort)

    # The handshake.

    def _look(self) -> None:
        """Look at the first byte, which stays in the socket."""
        try:
            first = self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        self._loop.remove_reader(self._socket)
        if first[:1] != bytes((_HANDSHAKE,)):
            self._refuse(is_plain=bool(first))
            return
        self._task = self._loop.create_task(self._run())
        if self._is_stopping:
            self.shutdown()
        self._state.tasks.add(cast("Any", self._task))
        self._task.add_done_callback(self._on_end)

    async def _run(self) -> None:
        limit = self._connections.limits.head_timeout
        try:
            await self._loop.connect_accepted_socket(
                lambda: self,
                self._socket,
                ssl=self._context,
                ssl_handshake_timeout=limit,
                ssl_shutdown_timeout=_SHUTDOWN_WITHIN,
            )
        except OSError as error:  # of TLS, too: another version, no suite, a wrong certificate
            self._socket.close()  # where no transport has taken it
            reason = getattr(error, "reason", None) or type(error).__name__
            self._end(str(reason).lower().replace("_", " "))

    def _on_end(self, task: "asyncio.Task[None]") -> None:
        self._state.tasks.discard(cast("Any", task))
        if task.cancelled():  # perhaps before it began
            self._socket.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the protocol of requests take over."""
        self._forget()
        following = self._make()
        transport.set_protocol(following)
        following.connection_made(transport)
        if self._is_stopping:
            cast("_Stoppable", following).shutdown()

    def _refuse(self, *, is_plain: bool) -> None:
        """Close a connection without TLS; one that speaks HTTP gets an answer that says why."""
        if is_plain:
            with suppress(OSError):
                self._socket.send(_PLAIN)
                self._socket.shutdown(socket.SHUT_WR)
                self._socket.recv(64 * 1024)  # what is unread would reset the connection
        self._socket.close()
        self._end("no TLS" if is_plain else "closed by the client")

    def _expire(self) -> None:
        """End a handshake that takes too long."""
        self._connections.record_end("handshake_timeout", self._source, self._loop.time())
        self.abort()

    def _end(self, description: str) -> None:
        self._connections.record_end("handshake", self._source, self._loop.time(), description)
        self._forget()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._connections.remove(self)
        self._state.connections.discard(cast("Any", self))


def _source(accepted: socket.socket) -> str:
    try:
        return str(accepted.getpeername()[0])
    except (OSError, IndexError):
        return ""
