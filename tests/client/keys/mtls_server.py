"""A token endpoint over TLS that asks for a client certificate, and an API that has the same."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.tls_server import Issued, issue, serving_context
from gatepass.jose import base64url

WELL_KNOWN = "/.well-known/oauth-authorization-server"


@dataclass
class MtlsServer:
    """Issues tokens to who has a certificate of `authority`; notes which, by its digest."""

    url: str = ""
    authority: Issued = field(default_factory=lambda: issue("authority of clients"))
    registered: set[str] = field(default_factory=set)  # empty: each that the authority issued
    alias: str = ""
    presented: list[str] = field(default_factory=list)  # by token requests
    called: list[str] = field(default_factory=list)  # by requests to the API
    forms: list[dict[str, str]] = field(default_factory=list)

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def respond(self, path: str, body: bytes, certificate: bytes | None) -> tuple[int, object]:
        digest = base64url.encode(sha256(certificate).digest()) if certificate else ""
        if path == WELL_KNOWN:
            aliases = {"mtls_endpoint_aliases": {"token_endpoint": self.alias}}
            document = {"issuer": self.url, "token_endpoint": self.token_url}
            return 200, document | (aliases if self.alias else {})
        if path == "/api":
            self.called.append(digest)
            return (200, {}) if digest else (401, {})
        if path != "/token":
            return 404, {}
        self.presented.append(digest)
        self.forms.append(dict(parse_qsl(body.decode())))
        if not digest or (self.registered and digest not in self.registered):
            return 401, {"error": "invalid_client"}
        return 200, {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}


def _handler(state: MtlsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Write nothing to the standard error of the tests."""

        def do_GET(self) -> None:
            assert isinstance(self.connection, ssl.SSLSocket)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            certificate = self.connection.getpeercert(binary_form=True)
            status, answer = state.respond(self.path, body, certificate)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815

    return Handler


@contextmanager
def mtls_server(
    folder: Path, ours: Issued, authority: Issued | None = None
) -> Iterator[MtlsServer]:
    """Listen as `localhost` with the certificate `ours`; `authority` is that of the clients."""
    state = MtlsServer(authority=authority) if authority else MtlsServer()
    context = serving_context(folder, ours)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=state.authority.pem.decode())
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"https://localhost:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def key_pem(issued: Issued) -> bytes:
    """Return the private key of a certificate."""
    return issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def digest_of(issued: Issued) -> str:
    """Return `x5t#S256` of a certificate."""
    return base64url.encode(sha256(issued.certificate.public_bytes(Encoding.DER)).digest())
