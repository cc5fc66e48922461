"""The endpoints of the fake issuer, over HTTP on loopback."""

import json
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qs, urlsplit

from gatepass.guard.testing.revocation_list import RevocationList
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.wire import metadata

_Members: TypeAlias = Mapping[str, object]


class Endpoints:
    """Answers at each address until `close`; every response is an error while `is_away`.

    `authorization` is the header that the guard must send, `clock` the issuer's time.
    """

    def __init__(
        self,
        revocations: RevocationList,
        keys: _Members,
        authorization: str,
        clock: Callable[[], float],
    ) -> None:
        self.is_away = False
        self._is_closed = False
        self._revocations = revocations
        self._keys = keys
        self._authorization = authorization
        self._clock = clock
        self._server = LoopbackServer(self._respond)
        self.url = self._server.url

    def close(self) -> None:
        """Stop listening; a request that waits for revocations gets its response."""
        self._is_closed = True
        with self._revocations.changed:
            self._revocations.changed.notify_all()
        self._server.close()

    def _respond(self, request: Request) -> Response:
        status, members = self._route(request)
        # No connection is left open when the test has ended.
        headers = {"Content-Type": "application/json", "Connection": "close"}
        return Response(status, json.dumps(members).encode(), headers)

    def _route(self, request: Request) -> tuple[int, _Members]:
        parts = urlsplit(request.path)
        if self.is_away:
            return 503, {"error": "temporarily_unavailable"}
        if parts.path == metadata.AUTHORIZATION_SERVER:
            return 200, metadata.authorization_server(self.url, [], "test")
        if parts.path == metadata.JWKS:
            return 200, self._keys
        if request.headers.get("authorization", "") != self._authorization:
            return 401, {"error": "invalid_client"}
        return self._route_for_guards(parts, request.body)

    def _route_for_guards(self, parts: SplitResult, body: bytes) -> tuple[int, _Members]:
        if parts.path == metadata.INTROSPECT:
            token = parse_qs(body.decode(errors="replace")).get("token", [""])[0]
            return 200, self._revocations.introspect(token, self._clock())
        if parts.path == metadata.REVOCATIONS:
            return 200, self._feed_page(parse_qs(parts.query))
        return 404, {"error": "invalid_request"}

    def _feed_page(self, query: Mapping[str, list[str]]) -> _Members:
        cursor = query.get("cursor", [""])[0]
        seconds = float(query.get("wait", ["0"])[0])
        with self._revocations.changed:
            self._revocations.changed.wait_for(
                lambda: self._is_closed or self._revocations.has_page_after(cursor), seconds
            )
            return self._revocations.page(cursor, time.time())
