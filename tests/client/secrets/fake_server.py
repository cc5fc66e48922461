"""Fake stores of secrets on loopback, with the real protocols."""

import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gatepass.client.errors import ConfigurationError
from gatepass.loopback import LoopbackServer, Request, Response

SECRET = "gps-Tr0ub4dor&3"


def tls_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def secret_store(
    respond: Callable[[Request], Response], certificate: Path | None = None
) -> Iterator[str]:
    """Serve the responses, over https with `certificate`; return the address."""
    with LoopbackServer(respond, tls_context(certificate) if certificate else None) as server:
        yield server.url


def write_certificate(path: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake")])
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
    """Return the one-line error of `source`, which shows nothing `hidden`."""
    with pytest.raises(ConfigurationError) as refused:
        source()
    error = refused.value
    assert type(error) is kind, repr(error)
    lines = "".join(traceback.format_exception(error))
    shown = f"{error}\n{error!r}\n{lines}\n{source!r}"
    assert not any(each in shown for each in (SECRET, *hidden)), shown
    assert "\n" not in str(error)
    return str(error)
