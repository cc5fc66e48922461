"""Certificates of TLS clients for tests, self-signed or by an authority."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gatepass.jose.x509.certificate import Certificate

START = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2090, 1, 1, tzinfo=UTC)


def certificate(
    subject: str = "CN=acme,O=Acme Ltd,C=DE",
    names: Sequence[x509.GeneralName] = (),
    *,
    start: datetime = START,
    end: datetime = END,
    issuer: str = "",
) -> Certificate:
    """Make a certificate of a new key on P-256: self-signed, or as if by an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name.from_rfc4514_string(issuer) if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(key, hashes.SHA256())
    return Certificate.from_der(made.public_bytes(Encoding.DER))


def of_days(days: float, now: float) -> Certificate:
    """Make a certificate that ends so many days after `now` (Unix seconds)."""
    return certificate(end=datetime.fromtimestamp(now, UTC) + timedelta(days=days))


def escaped(made: Certificate) -> bytes:
    """Return a certificate as nginx writes it in a header: `$ssl_client_escaped_cert`."""
    return quote(made.pem(), safe="").encode()
