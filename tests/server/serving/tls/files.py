"""Certificates and keys as files, and the settings that name them."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.tls_server import Issued, issue
from gatepass.server.configuration.security.tls_settings import TlsSettings

ROOT = issue("Root")
CLIENTS = issue("Clients")
CLIENT = issue("Acme", CLIENTS, "acme.example.com")
STRANGER = issue("Acme", issue("Other"), "acme.example.com")
SERVER = issue("Server", ROOT, "localhost", "127.0.0.1")
RENEWED = issue("Renewed", ROOT, "localhost", "127.0.0.1")


def key_of(issued: Issued) -> bytes:
    return issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def der_of(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.DER)


def both(folder: Path, issued: Issued, name: str) -> Path:
    """Write certificate and key into one file."""
    file = folder / f"{name}.pem"
    file.write_bytes(issued.pem + key_of(issued))
    return file


def settings(folder: Path, server: Issued = SERVER, **more: object) -> TlsSettings:
    """Write the files of a server with a port for client certificates; return its settings."""
    folder.mkdir(exist_ok=True)
    (folder / "cert.pem").write_bytes(server.pem)
    (folder / "key.pem").write_bytes(key_of(server))
    (folder / "clients.pem").write_bytes(CLIENTS.pem)
    (folder / "root.pem").write_bytes(ROOT.pem)
    given = {
        "certificate": folder / "cert.pem",
        "key": folder / "key.pem",
        "mtls_port": 1,
        "client_ca": folder / "clients.pem",
    }
    return TlsSettings.model_validate({**given, **more})


def replace(file: Path, content: bytes) -> None:
    """Replace a file as a whole, as renewal programs do."""
    draft = file.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(file)
