"""A listening socket for `/metrics` alone: an HTTP server of its own beside the main one.

It runs in the event loop of each worker, with an application that only knows the metrics, so no
request here reaches another endpoint. Workers share the socket; the one that accepts a connection
adds up the metrics of all.
"""

import asyncio
import socket
from typing import cast

import uvicorn

from gatepass.server.configuration.http_limits import Limits
from gatepass.server.http import App, Receive, Scope, Send, send_response
from gatepass.server.observability.metrics.endpoint import Metrics
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.uvicorn_compat import protocol

_MOST_CONNECTIONS = 16
_GRACE = 1  # second that a running scrape has to finish


class Listener:
    """Serves the metrics on `listening`, a bound socket."""

    def __init__(self, figures: Metrics, listening: socket.socket) -> None:
        self._figures = figures
        self._listening = listening
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to accept connections."""
        self._server = server = uvicorn.Server(_config(_application(self._figures)))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[self._listening])
        self._task = asyncio.create_task(server.main_loop())

    async def stop(self) -> None:
        """Close the socket and all connections; a running scrape may finish."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await self._task
        await self._server.shutdown(sockets=[self._listening])


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", protocol(_connections())),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )


def _connections() -> Connections:
    """Return a limit of its own, so that a flood on the main ports does not hide the metrics."""
    return Connections(Limits(connections=_MOST_CONNECTIONS), is_counted=False)


def _application(figures: Metrics) -> App:
    async def respond(scope: Scope, _receive: Receive, send: Send) -> None:
        await send_response(figures.respond_alone(scope), send)

    return respond
