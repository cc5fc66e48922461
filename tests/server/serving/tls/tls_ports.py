"""TLS ports in this process: a small application behind them, on an event loop of its own."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn
from uvicorn.server import ServerState

from gatepass.server.configuration.http_limits import Limits
from gatepass.server.configuration.security.tls_settings import TlsSettings
from gatepass.server.http import CERTIFICATE
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.protocol import HttpProtocol
from gatepass.server.serving.processes.sockets import Listening, listen
from gatepass.server.serving.tls.ports import TlsPorts

_WITHIN = 20.0  # seconds

NewLoop = Callable[[], asyncio.AbstractEventLoop]


class Ports(NamedTuple):
    """Two ports that speak TLS, and the connections of both."""

    main: int
    mutual: int
    connections: Connections
    state: ServerState
    loop: asyncio.AbstractEventLoop


async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
    """Return what the connection was, and the request's body back."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    shown = scope.get(CERTIFICATE)
    described = {
        "scheme": scope["scheme"],
        "der": shown.der.hex() if shown else None,
        "validated": shown.is_validated if shown else None,
        "length": len(body),
    }
    content = json.dumps(described).encode() + body
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@contextmanager
def serving(settings: TlsSettings, limits: Limits, new_loop: NewLoop) -> Iterator[Ports]:
    """Serve on two free ports of loopback, until the end of the block."""
    loop, connections, state = new_loop(), Connections(limits), ServerState()
    config = uvicorn.Config(application, lifespan="off", log_config=None)
    config.load()
    sockets = Listening(listen(["127.0.0.1"], 0, ""), None, listen(["127.0.0.1"], 0, ""))

    def protocol() -> asyncio.Protocol:
        return HttpProtocol(config, state, {}, loop, connections=connections)

    async def opened() -> list[Any]:
        return list(TlsPorts(settings, connections).open(sockets, protocol, state))

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listeners = asyncio.run_coroutine_threadsafe(opened(), loop).result(_WITHIN)
    try:
        yield Ports(_port(sockets.main), _port(sockets.mutual), connections, state, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_end(listeners, state), loop).result(_WITHIN)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(listeners: list[Any], state: ServerState) -> None:
    for each in listeners:
        each.close()
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.gather(*state.tasks, return_exceptions=True)
    await asyncio.sleep(0.05)


def _port(sockets: Any) -> int:  # noqa: ANN401
    [listening] = sockets
    port: int = listening.getsockname()[1]
    return port


def connect(port: int) -> socket.socket:
    """Return a TCP connection, without TLS yet."""
    return socket.create_connection(("127.0.0.1", port), _WITHIN)


def ask(port: int, context: ssl.SSLContext, body: bytes = b"") -> tuple[dict[str, Any], bytes]:
    """Send a request over TLS; return what the application says of it, and the body's echo."""
    with connect(port) as raw, context.wrap_socket(raw, server_hostname="localhost") as secure:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(body)
        secure.sendall(head + b"Connection: close\r\n\r\n" + body)
        answer = read_all(secure)
    content = answer.partition(b"\r\n\r\n")[2]
    end = content.index(b"}") + 1
    described: dict[str, Any] = json.loads(content[:end])
    return described, content[end:]


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the end."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)
