"""Reads certificates and keys into TLS contexts; no file is kept open.

TLS 1.3, and TLS 1.2 with suites that have forward secrecy and authenticated encryption alone
(RFC 9325 §4.2), as FAPI 2.0 §5.2.2 requires.
"""

import ssl
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from gatepass.server.configuration.security.tls_settings import TlsSettings
from gatepass.server.environment.data_directory import ServingError

SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
"""The suites of TLS 1.2 by OpenSSL's names; those of TLS 1.3 all have what is required."""

_MOST_BYTES = 4 * 1024 * 1024  # of a file: a bundle of all public authorities has 200 KB
_PROTOCOLS = ("http/1.1",)


class TlsFileError(ServingError):
    """A file that cannot be used; the message names it and says what to do."""


class Contexts(NamedTuple):
    """What a connection is made with: on the main ports, and on the one that asks for certificates.

    `ends` is when the certificate expires.
    """

    main: ssl.SSLContext
    mutual: ssl.SSLContext | None
    ends: datetime


def read(settings: TlsSettings) -> Contexts:
    """Return the contexts of the files as they are now; raise TlsFileError if one is of no use."""
    assert settings.certificate is not None  # noqa: S101 - the settings say so
    assert settings.key is not None  # noqa: S101
    [leaf, *_] = _certificates(settings.certificate, "tls.certificate")
    _check_names(leaf, settings.certificate)
    main = _context(settings.certificate, settings.key)
    mutual = None
    if settings.client_ca is not None:
        mutual = _context(settings.certificate, settings.key)
        _ask_for_certificates(mutual, settings.client_ca)
    return Contexts(main, mutual, leaf.not_valid_after_utc)


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(SUITES)
    context.set_alpn_protocols(_PROTOCOLS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    _text(key, "tls.key")

    def password() -> str:
        raise TlsFileError(f"{key} (tls.key) is encrypted. Store it without a passphrase.")

    try:
        context.load_cert_chain(certificate, key, password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsFileError(
                f"{key} (tls.key) is not the key of {certificate} (tls.certificate). "
                "Give the two files that were issued together."
            ) from None
        raise TlsFileError(
            f"{key} (tls.key) has no private key that TLS can use. "
            "Give an RSA or EC key in PEM; it begins with -----BEGIN PRIVATE KEY-----."
        ) from None
    except OSError as error:
        raise TlsFileError(f"{key} (tls.key): {error.strerror}.") from None
    return context


def _ask_for_certificates(context: ssl.SSLContext, authorities: Path) -> None:
    """Ask clients for a certificate, and accept those of the authorities.

    A client without one is served, too: a key or a secret is enough for many. No session tickets,
    so that a certificate is validated by each connection.
    """
    found = _certificates(authorities, "tls.client_ca")
    context.verify_mode = ssl.CERT_OPTIONAL
    # An intermediate authority is trusted for what it issued, without those above it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.load_verify_locations(
        cadata=b"".join(each.public_bytes(Encoding.DER) for each in found)
    )


def _certificates(path: Path, setting: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM file, one at least."""
    try:
        return x509.load_pem_x509_certificates(_text(path, setting))
    except ValueError:
        raise TlsFileError(
            f"{path} ({setting}) has no certificate in PEM, or one that is malformed. "
            "It begins with -----BEGIN CERTIFICATE-----."
        ) from None


def _text(path: Path, setting: str) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise TlsFileError(f"{path} ({setting}) is over {_MOST_BYTES // 1024**2} MB.")
        return path.read_bytes()
    except OSError as error:
        raise TlsFileError(f"{path} ({setting}): {error.strerror}.") from None


def _check_names(leaf: x509.Certificate, path: Path) -> None:
    """Raise TlsFileError for the certificate of an authority, or one without a name."""
    try:
        leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        raise TlsFileError(
            f"The first certificate of {path} (tls.certificate) names no host (subjectAltName), "
            "so no client would accept it. Put the server's own first, then its authorities'."
        ) from None
