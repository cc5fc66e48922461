"""Sends a flow's requests with httpx2: no redirects, a response bounded in size and time."""

import threading
import time

import httpx2

from gatepass.wire.flow import Request, Response
from gatepass.wire.urls import may_use_proxy

_ENDED = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)


class Sender:
    """A connection pool for any thread.

    `timeout` is in seconds, for a whole exchange; `longest` is in bytes. A plain HTTP request does
    not use the proxy of the environment (see `may_use_proxy`). The issuer's addresses may be of
    both kinds, so there is a client for each.
    """

    def __init__(self, timeout: float, longest: int) -> None:
        self._timeout = timeout
        self._longest = longest
        self._lock = threading.Lock()
        self._clients: dict[bool, httpx2.Client] = {}

    def send(self, request: Request) -> Response:
        """Send `request`; raise TimeoutError, or the error of httpx2, without a response.

        It is sent once more if the connection ends: often it was a kept one that the server has
        just closed. All requests of a guard may be sent twice.
        """
        deadline = time.monotonic() + self._timeout
        try:
            return self._exchange(request, deadline)
        except _ENDED:
            return self._exchange(request, deadline)

    def _exchange(self, request: Request, deadline: float) -> Response:
        body = b""
        with self._client(request.url).stream(
            request.method, request.url, headers=dict(request.headers), content=request.body
        ) as response:
            for piece in response.iter_raw():  # as sent: nothing is decompressed
                body += piece
                if time.monotonic() > deadline:
                    raise TimeoutError("the answer took too long")
                if len(body) > self._longest:
                    break  # the flow refuses a response that is too long
            return Response(response.status_code, dict(response.headers), body)

    def close(self) -> None:
        """Close the pool's connections."""
        for client in self._clients.values():
            client.close()

    def _client(self, url: str) -> httpx2.Client:
        """Return the client for `url`; raise what httpx2 raises for a proxy it cannot use."""
        secure = may_use_proxy(url)
        with self._lock:
            if secure not in self._clients:
                self._clients[secure] = httpx2.Client(
                    verify=secure, trust_env=secure, timeout=self._timeout, follow_redirects=False
                )
            return self._clients[secure]
