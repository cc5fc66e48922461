"""Why a TLS handshake refused a certificate, in words. Pure."""

import ssl
from collections.abc import Mapping
from typing import Any, TypeAlias

from gatepass.client.errors import cleaned

_MOST_NAMES = 4

_TRUST = "if it is meant to be trusted, name the file of its issuer in GATEPASS_CA_FILE"
_UNKNOWN = f"'s issuer is not known here: the server may not send its whole chain; {_TRUST}"
_OTHER = " is for {names}, not for {host}: correct the host of the token URL"

# What follows "the certificate", by the codes X509_V_ERR_... of OpenSSL's x509_vfy.h.
_EXPLANATIONS = {
    9: " is not valid yet: check the date of this machine",
    10: " expired ({until}): ask the server's operator to renew it",
    18: f" is self-signed: {_TRUST}",
    19: f"'s chain ends in a root that is not trusted here: {_TRUST}",
    20: _UNKNOWN,
    21: _UNKNOWN,
    62: _OTHER,
    64: _OTHER,  # an address
}

Certificate: TypeAlias = Mapping[str, Any]  # as SSLSocket.getpeercert returns it


def explain(
    error: ssl.SSLCertVerificationError, host: str, certificate: Certificate | None = None
) -> str:
    """Return why the certificate of `host` is refused; `certificate` is it, if known."""
    explanation = _EXPLANATIONS.get(error.verify_code)
    if explanation is None:
        return f"the certificate is refused ({cleaned(error.verify_message)}): {_TRUST}"
    names, until = "another name", "its date"
    if certificate:
        names, until = host_names(certificate), certificate["notAfter"]
    return "the certificate" + explanation.format(names=names, host=host, until=until)


def find_verification_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """Return the refusal of a certificate that caused `error`, None where it has another cause."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause


def host_names(certificate: Certificate) -> str:
    """Return the first host names of a certificate, and how many more there are."""
    names = [cleaned(value) for _, value in certificate.get("subjectAltName", ())]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more or "no name"
