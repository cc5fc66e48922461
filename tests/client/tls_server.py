"""A token endpoint with metadata on loopback, over TLS or not, and a proxy to reach it by."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gatepass.loopback import LoopbackServer, Request, Response

HANG_UP = object()  # in place of a document
WELL_KNOWN = "/.well-known/oauth-authorization-server"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def issue(
    name: str,
    by: Issued | None = None,
    *hosts: str,
    begins: timedelta = -DAY,
    ends: timedelta = 90 * DAY,
) -> Issued:
    """Make a certificate for `hosts`, signed by `by` or by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        for host in hosts
    ]
    signer = by.key if by else key
    building = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        building = building.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(building.sign(signer, SHA256()), key)


@dataclass
class MetadataServer:
    """Responds to GET with `documents` and to POST with `refusals`, then `token`.

    Its clock is `ahead` so many seconds; where it is not `dated`, Date is malformed.
    """

    url: str = ""  # set once it listens
    documents: dict[str, object] = field(default_factory=dict)
    token: tuple[int, object] = (200, {"access_token": "t", "token_type": "bearer"})
    refusals: list[tuple[int, object]] = field(default_factory=list)
    ahead: float = 0.0
    dated: bool = True
    received: list[str] = field(default_factory=list)

    def publish(self, **more: object) -> None:
        """Publish correct metadata, changed by `more`."""
        self.documents[WELL_KNOWN] = {
            "issuer": self.url,
            "token_endpoint": f"{self.url}/token",
            **more,
        }

    def respond(self, request: Request) -> Response:
        self.received.append(f"{request.method} {request.path}")
        if request.method == "POST":
            return self._response(*(self.refusals.pop(0) if self.refusals else self.token))
        document = self.documents.get(request.path)
        if document is HANG_UP:
            return Response(0)
        return self._response(404 if document is None else 200, document)

    def _response(self, status: int, value: object) -> Response:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        date = formatdate(time.time() + self.ahead, usegmt=True)
        return Response(status, body, {"Date": date if self.dated else "the day before yesterday"})


@contextmanager
def metadata_server(
    folder: Path, certificate: Issued | None = None, host: str = "localhost"
) -> Iterator[MetadataServer]:
    """Listen on loopback; over TLS where there is a certificate."""
    state = MetadataServer()
    context = serving_context(folder, certificate) if certificate else None
    with LoopbackServer(state.respond, context) as server:
        state.url = server.url.replace("127.0.0.1", host)
        yield state


def serving_context(folder: Path, certificate: Issued) -> ssl.SSLContext:
    file = folder / "certificate.pem"
    private = certificate.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def tunnelling() -> Iterator[str]:
    """Return the address of a proxy that does CONNECT (RFC 9110 §9.3.6) to loopback."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=_tunnel_all, args=(door,), daemon=True).start()
        yield f"http://anna:pass@127.0.0.1:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)


def _tunnel_all(door: socket.socket) -> None:
    with suppress(OSError):
        while True:
            Thread(target=_tunnel, args=(door.accept()[0],), daemon=True).start()


def _tunnel(near: socket.socket) -> None:
    with near, suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            if not (part := near.recv(4096)):
                return
            head += part
        port = int(head.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as far:
            near.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = Thread(target=_pour, args=(far, near), daemon=True)
            back.start()
            _pour(near, far)
            back.join()


def _pour(source: socket.socket, into: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            into.sendall(part)
        into.shutdown(socket.SHUT_WR)
