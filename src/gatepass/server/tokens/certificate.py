"""Client authentication by a TLS certificate (RFC 8705 §2). Pure.

The TLS handshake has proved that the client has the private key: the server's own, or that of a
proxy that the operator trusts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hmac import compare_digest

from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.errors import UnusableCertificateError
from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.keys.certificates.cache import CachedCertificate
from gatepass.server.http import ClientCertificate
from gatepass.server.storage.timestamps import milliseconds
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows

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
    certificate = read(presented.der)
    found, fault = _recognised(certificate, known, is_validated=presented.is_validated)
    if application is None:
        raise _refused("unknown_client", "unknown client")
    if certificate is None:
        raise _refused("certificate_malformed", "the certificate cannot be read")
    if found is None:
        raise _refused(*fault)
    _check_time(certificate, found, now)
    if application.is_disabled:
        raise _refused("disabled", "the application is disabled")
    if application.is_suspended:
        raise _refused("suspended", "the organization is suspended")
    if application.networks and not allows(application.networks, source):
        raise _refused("network", "the source is in none of the application's networks")
    validity = milliseconds(certificate.not_before), milliseconds(certificate.not_after)
    credential = CachedSecret(
        found.id_bytes, found.id_bytes, "", None, False, None, validity_ms=validity
    )
    return AuthenticatedClient(application, credential)


@lru_cache(maxsize=_MOST_READ)
def read(der: bytes) -> Certificate | None:
    """Return a certificate that came with a request; None for bytes that are none."""
    try:
        return Certificate.from_der(der)
    except UnusableCertificateError:
        return None


def _recognised(
    certificate: Certificate | None, known: Sequence[CachedCertificate], *, is_validated: bool
) -> tuple[CachedCertificate | None, tuple[str, str]]:
    """Return the registered certificate that it is; or why it is none, as word and text."""
    if certificate is None or not known:
        return None, ("no_certificate", "the application has no certificate")
    thumbprint, named = certificate.thumbprint, False
    for each in known:
        if each.subject is None:
            if compare_digest(thumbprint, each.thumbprint):
                return each, ("", "")
        elif each.subject.matches(certificate):
            # A self-signed one may be trusted itself, so that it gets in; its names prove nothing.
            if is_validated and not certificate.is_self_issued:
                return each, ("", "")
            named = True
    if named:
        return None, ("certificate_not_validated", "no authority was found for the certificate")
    return None, ("wrong_certificate", f"another certificate, x5t#S256 {thumbprint}")


def _check_time(certificate: Certificate, found: CachedCertificate, now: float) -> None:
    at = datetime.fromtimestamp(now, UTC)
    if at > certificate.not_after:
        raise _refused("expired_certificate", f"expired certificate {found.name!r}")
    if at < certificate.not_before:
        raise _refused("expired_certificate", f"certificate {found.name!r} is not valid yet")


def _refused(reason: str, log_detail: str) -> OAuthError:
    return OAuthError(
        "invalid_client", "Client authentication failed.", log_detail=log_detail, reason=reason
    )
