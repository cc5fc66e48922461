"""The ports of a process that speak TLS: their listeners, limits and current certificates."""

import asyncio
import socket
import ssl
from functools import partial

from uvicorn.server import ServerState

from gatepass.server.configuration.security.tls_settings import TlsSettings
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.processes.sockets import BACKLOG, Listening
from gatepass.server.serving.tls.handshake import Handshake, ProtocolFactory
from gatepass.server.serving.tls.listener import Listener
from gatepass.server.serving.tls.renewal import CHECK_EVERY, CurrentContexts


class TlsPorts:
    """Makes connections over TLS; raises TlsFileError if the files are of no use.

    `connections` counts those in their handshake, too.
    """

    def __init__(self, settings: TlsSettings, connections: Connections) -> None:
        self._contexts = CurrentContexts(settings)
        self._connections = connections

    def open(self, sockets: Listening, make: ProtocolFactory, state: ServerState) -> list[Listener]:
        """Listen on the sockets; `make` returns the protocol of a connection."""
        self._watch(asyncio.get_running_loop())
        main, mutual = (
            [
                Listener(each, BACKLOG, partial(self._begin, make, state, is_mutual=is_mutual))
                for each in those
            ]
            for those, is_mutual in ((sockets.main, False), (sockets.mutual, True))
        )
        return [*main, *mutual]

    def _begin(
        self, make: ProtocolFactory, state: ServerState, accepted: socket.socket, *, is_mutual: bool
    ) -> None:
        context = self._context(is_mutual=is_mutual)
        Handshake(accepted, context, make, self._connections, state).begin()

    def _context(self, *, is_mutual: bool) -> ssl.SSLContext:
        now = self._contexts.now
        if not is_mutual:
            return now.main
        assert now.mutual is not None  # noqa: S101 - a port for it needs authorities
        return now.mutual

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at the files from time to time, as long as the process serves."""
        self._contexts.check()
        loop.call_later(CHECK_EVERY, self._watch, loop)
