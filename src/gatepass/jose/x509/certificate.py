"""One certificate, and its thumbprint `x5t#S256` (RFC 8705 §3.1). Pure."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Self

from gatepass.extras import installed_by
from gatepass.jose import base64url
from gatepass.jose.x509.errors import UnusableCertificateError

with installed_by("gatepass[guard]"):
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

LONGEST = 16 * 1024  # bytes of DER
LONGEST_TEXT = 2 * LONGEST  # characters of PEM

_PEM = re.compile(rb"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
# What `cryptography` raises for names and extensions that it reads only when they are asked for.
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate: its bytes (DER), its thumbprint `x5t#S256`, and what can be compared in it.

    `subject` is the subject's distinguished name and `names` are the subject alternative names.
    With `is_self_issued` its issuer has the same name (RFC 5280 §3.2): no other vouches for it.
    """

    der: bytes = field(repr=False)
    thumbprint: str
    subject: x509.Name = field(repr=False, compare=False)
    names: tuple[x509.GeneralName, ...] = field(repr=False, compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    is_self_issued: bool = field(compare=False)

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """Read one certificate in DER; raise UnusableCertificateError."""
        if len(der) > LONGEST:
            raise UnusableCertificateError("long", f"it is over {LONGEST} bytes")
        try:
            parsed = x509.load_der_x509_certificate(der)
            return cls(
                der,
                thumbprint(der),
                parsed.subject,
                _names(parsed),
                parsed.not_valid_before_utc,
                parsed.not_valid_after_utc,
                parsed.issuer == parsed.subject,
            )
        except _UNREADABLE:
            raise UnusableCertificateError("malformed", "it is not a certificate") from None

    @classmethod
    def from_pem(cls, text: bytes) -> Self:
        """Read one certificate in PEM (RFC 7468 §5), alone; raise UnusableCertificateError."""
        if b"PRIVATE KEY-----" in text:
            raise UnusableCertificateError("private", "there is a private key in it")
        if len(text) > LONGEST_TEXT:
            raise UnusableCertificateError("long", f"it is over {LONGEST_TEXT} characters")
        found = _PEM.fullmatch(text)
        if found is None:
            raise UnusableCertificateError("malformed", "it is not one certificate in PEM")
        return cls.from_der(decode(b"".join(found[1].split())))

    def is_valid_at(self, now: datetime) -> bool:
        """Return whether `now` is between its first and its last moment."""
        return self.not_before <= now <= self.not_after

    def pem(self) -> str:
        """Return it in PEM."""
        text = b64encode(self.der).decode()
        lines = (text[at : at + 64] for at in range(0, len(text), 64))
        return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))


def thumbprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate's DER as base64url without padding: `x5t#S256`."""
    return base64url.encode(sha256(der).digest())


def decode(text: bytes) -> bytes:
    """Return the bytes of base64 (RFC 4648 §4); raise UnusableCertificateError.

    Only the one text that encodes the bytes is accepted (§3.5): with padding, without stray bits.
    """
    try:
        decoded = b64decode(text, validate=True)
    except Base64Error:
        decoded = b""
    if not decoded or b64encode(decoded) != text:
        raise UnusableCertificateError("malformed", "it is not base64")
    return decoded


def _names(parsed: x509.Certificate) -> tuple[x509.GeneralName, ...]:
    try:
        found = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(found.value)
