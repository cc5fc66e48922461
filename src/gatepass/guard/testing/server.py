"""The pretended issuer's endpoints, over HTTP on loopback by the standard library alone."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from gatepass.guard.testing.revocation_list import RevocationList
from gatepass.wire import metadata
from gatepass.wire.strict_http import BadFraming, StrictHandler

_LOOK_EVERY = 0.02  # seconds, whether it is to end
_DISCOVERY = "/.well-known/oauth-authorization-server"


class Endpoints:
    """What is answered at each address; `is_away` has every answer be an error."""

    def __init__(
        self,
        ledger: RevocationList,
        keys: Mapping[str, object],
        authorization: str,
        clock: Callable[[], float],
    ) -> None:
        self.is_away = False
        self.is_over = False
        self._ledger = ledger
        self._keys = keys
        self._authorization = authorization
        self._clock = clock

    def answer(
        self, url: str, authorization: str, form: str, address: str
    ) -> tuple[int, Mapping[str, object]]:
        """Give the status and the JSON object to answer with; a wait for news is done here."""
        parts = urlsplit(url)
        if self.is_away:
            return 503, {"error": "temporarily_unavailable"}
        if parts.path == _DISCOVERY:
            return 200, metadata.authorization_server(address, [], "test")
        if parts.path == metadata.JWKS:
            return 200, self._keys
        if authorization != self._authorization:
            return 401, {"error": "invalid_client"}
        return self._of_guards(parts.path, parse_qs(parts.query), parse_qs(form))

    def _of_guards(
        self, path: str, query: Mapping[str, list[str]], form: Mapping[str, list[str]]
    ) -> tuple[int, Mapping[str, object]]:
        if path == metadata.INTROSPECT:
            return 200, self._ledger.introspect(form.get("token", [""])[0], self._clock())
        if path == metadata.REVOCATIONS:
            return 200, self._news(query)
        return 404, {"error": "invalid_request"}

    def _news(self, query: Mapping[str, list[str]]) -> Mapping[str, object]:
        cursor = query.get("cursor", [""])[0]
        seconds = float(query.get("wait", ["0"])[0])
        with self._ledger.news:
            self._ledger.news.wait_for(
                lambda: self.is_over or self._ledger.has_news(cursor), seconds
            )
            return self._ledger.page(cursor, time.time())


class Server:
    """Listens on a port of its own, from a thread, until it is closed."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoints))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever,
            args=(_LOOK_EVERY,),
            name="pretended-issuer",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening; answers under way may still end."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _handler(endpoints: Endpoints) -> type[BaseHTTPRequestHandler]:
    class Handler(StrictHandler):
        """Every connection has one request: none is left open when the test is over."""

        def answer(self) -> None:
            try:
                form = self.read_body().decode(errors="replace")
            except BadFraming as refused:
                self.send_error(refused.status)
                return
            self._answer(form)

        do_GET = do_POST = answer  # noqa: N815 - its own

        def log_message(self, *_said: object) -> None:
            """Keep the test's output clean."""

        def _answer(self, form: str) -> None:
            host, port = self.connection.getsockname()
            status, members = endpoints.answer(
                self.path, self.headers.get("Authorization", ""), form, f"http://{host}:{port}"
            )
            body = json.dumps(members).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever followed the feed may have gone
                self.wfile.write(body)

    return Handler
