"""Stores of secrets on loopback that speak the real protocols, for the sources to talk to."""

import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from client.fake_server import Answer, Seen
from gatepass.client.errors import ConfigurationError

SECRET = "gps-Tr0ub4dor&3"


@contextmanager
def standing_in(answer: Callable[[Seen], Answer], certificate: Path | None = None) -> Iterator[str]:
    """Serve what `answer` gives, over https with `certificate`; give the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            pass

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            given = answer(Seen(self.command, self.path, headers, body))
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            with suppress(ConnectionError):  # the client has read enough
                self.end_headers()
                self.wfile.write(given.body)

        do_POST = do_GET  # noqa: N815 - a name of http.server

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: a client that hangs up is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_certificate(path: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    return path


def refusal(
    source: Callable[[], str], *hidden: str, kind: type[ConfigurationError] = ConfigurationError
) -> str:
    """Give the one line that `source` refuses with, in which nothing `hidden` is shown."""
    with pytest.raises(ConfigurationError) as refused:
        source()
    error = refused.value
    assert type(error) is kind, repr(error)
    told = "".join(traceback.format_exception(error))
    shown = f"{error}\n{error!r}\n{told}\n{source!r}"
    assert not any(each in shown for each in (SECRET, *hidden)), shown
    assert "\n" not in str(error)
    return str(error)
