"""An issuer for benchmarks of the guard: its key set on loopback, and access tokens of its key."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://app.example.com"
API = "https://api.example.com"


def tokens(alg: str, key: ECKey | RSAKey, count: int, **more: object) -> list[str]:
    """Mint so many JWT access tokens (RFC 9068), each with an id of its own; `more` are claims."""
    now = int(time.time())
    body = {
        "iss": ISSUER,
        "sub": "gpc_live_acme",
        "client_id": "gpc_live_acme",
        "org_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "aud": API,
        "scope": "read write",
        "iat": now,
        "exp": now + 36_000,
        **more,
    }
    header = {"alg": alg, "typ": "at+jwt", "kid": "key"}
    return [jwt.encode(header, body | {"jti": f"{n:044x}"}, key) for n in range(count)]


def jwk(alg: str, key: ECKey | RSAKey) -> dict[str, object]:
    """Return the public key as the key set has it."""
    return {**key.as_dict(private=False), "kid": "key", "alg": alg, "use": "sig"}


@contextmanager
def published(alg: str, key: ECKey | RSAKey) -> Iterator[str]:
    """Serve the key set on loopback; give its address."""
    body = json.dumps({"keys": [jwk(alg, key)]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
