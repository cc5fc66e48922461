"""Client authentication by a TLS certificate (RFC 8705 §2). Pure.

The TLS handshake has proved that the client has the private key: the server's own, or that of a
proxy that the operator trusts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hmac import compare_digest
from typing import NamedTuple

from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.errors import UnusableCertificateError
from gatepass.jose.x509.subject import Name, names
from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.keys.certificates.cache import CachedCertificate
from gatepass.server.http import ClientCertificate
from gatepass.server.storage.timestamps import milliseconds
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.refused_client import check_admitted, refused_client

_MOST_READ = 256  # certificates that memory keeps, of 16 KiB at most


def authenticate(
    presented: ClientCertificate,
    application: CachedApplication | None,
    known: Sequence[CachedCertificate],
    source: str,
    now: float,
) -> AuthenticatedClient:
    """Verify at `now` (Unix seconds) that a certificate is one of the application's.

    Raises OAuthError `invalid_client`, whatever the reason; the reason is in `log_detail`, for the
    log and the application's owner. The chain of a certificate that is registered itself is not
    validated (RFC 8705 §2.2); one that names a registered subject must have been, before.
    """
    shown = _read(presented.der)
    if application is None:
        raise refused_client("unknown_client", "unknown client")
    if shown is None:
        raise refused_client("certificate_malformed", "the certificate cannot be read")
    found, fault = _recognised(shown, known, is_validated=presented.is_validated)
    if found is None:
        raise refused_client(*fault)
    _check_time(shown.certificate, found, now)
    check_admitted(application, source)
    own = shown.certificate
    validity = milliseconds(own.not_before), milliseconds(own.not_after)
    credential = CachedSecret(
        found.id_bytes, found.id_bytes, "", None, False, None, validity_ms=validity
    )
    return AuthenticatedClient(application, credential)


class _Shown(NamedTuple):
    """A certificate that came with a request, and what it names, as that is compared."""

    certificate: Certificate
    names: frozenset[Name]


@lru_cache(maxsize=_MOST_READ)
def _read(der: bytes) -> _Shown | None:
    """Return the certificate that a request came with; None for bytes that are none.

    All that takes time is done here, before it is known which client it is.
    """
    try:
        certificate = Certificate.from_der(der)
    except UnusableCertificateError:
        return None
    return _Shown(certificate, names(certificate))


def _recognised(
    shown: _Shown, known: Sequence[CachedCertificate], *, is_validated: bool
) -> tuple[CachedCertificate | None, tuple[str, str]]:
    """Return the registered certificate that it is; or why it is none, as word and text."""
    if not known:
        return None, ("no_certificate", "the application has no certificate")
    thumbprint, named = shown.certificate.thumbprint, False
    for each in known:
        if each.subject is None:
            if compare_digest(thumbprint, each.thumbprint):
                return each, ("", "")
        elif each.subject in shown.names:
            # A self-signed one may be trusted itself, so that it gets in; its names prove nothing.
            if is_validated and not shown.certificate.is_self_issued:
                return each, ("", "")
            named = True
    if named:
        return None, ("certificate_not_validated", "no authority was found for the certificate")
    return None, ("wrong_certificate", f"another certificate, x5t#S256 {thumbprint}")


def _check_time(certificate: Certificate, found: CachedCertificate, now: float) -> None:
    at = datetime.fromtimestamp(now, UTC)
    if at > certificate.not_after:
        raise refused_client("expired_certificate", f"expired certificate {found.name!r}")
    if at < certificate.not_before:
        raise refused_client("expired_certificate", f"certificate {found.name!r} is not valid yet")
