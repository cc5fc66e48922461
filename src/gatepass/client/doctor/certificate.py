"""What a TLS handshake says of the server's certificate, in words; pure."""

import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from gatepass.client.doctor.findings import Finding, Outcome
from gatepass.client.errors import cleaned

_SOON = 14  # days before its end that a certificate is warned of
_MOST_NAMES = 4
_DAY = 86_400  # seconds

_TRUST = "if it is meant to be trusted, name the file of its issuer in GATEPASS_CA_FILE"
_UNKNOWN = f"'s issuer is not known here: the server may not send its whole chain; {_TRUST}"
_OTHER = " is for {names}, not for {host}: correct the host of the token URL"

# What follows "the certificate", by the codes X509_V_ERR_... of OpenSSL's x509_vfy.h.
_EXPLAINED = {
    9: " is not valid yet: check the date of this machine",
    10: " expired ({until}): let whoever runs the server renew it",
    18: f" is signed by itself: {_TRUST}",
    19: f"'s chain ends in a root that is not trusted here: {_TRUST}",
    20: _UNKNOWN,
    21: _UNKNOWN,
    62: _OTHER,
    64: _OTHER,  # an address
}

Certificate = Mapping[str, Any]  # as SSLSocket.getpeercert gives it


class Handshake(NamedTuple):
    """A TLS connection that was made: its version and the certificate."""

    version: str
    certificate: Certificate


def judge(shaken: Handshake, now: float) -> Finding:
    """Judge a certificate that was accepted; `now` is in seconds since 1970."""
    days = int((ssl.cert_time_to_seconds(shaken.certificate["notAfter"]) - now) // _DAY)
    what = f"{shaken.version}, certificate for {_names(shaken.certificate)}, {days} days left"
    if days < _SOON:
        message = f"{what}: let whoever runs the server renew it"
        return Finding("tls", Outcome.WARNING, message)
    return Finding("tls", Outcome.OK, what)


def refused(error: OSError, host: str, seen: Certificate | None) -> Finding:
    """Explain why there is no TLS connection; `seen` is the certificate, where it could be read."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Finding("tls", Outcome.FAILED, explained(error, host, seen))
    if isinstance(error, ssl.SSLError):
        why = cleaned((error.reason or "no reason given").replace("_", " ").lower())
        message = f"no TLS is spoken there ({why}): check scheme and port of the token URL"
        return Finding("tls", Outcome.FAILED, message)
    why = cleaned(error.strerror or str(error))
    message = f"the connection ended in the handshake ({why}): check port and firewall"
    return Finding("tls", Outcome.FAILED, message)


def explained(
    error: ssl.SSLCertVerificationError, host: str, seen: Certificate | None = None
) -> str:
    """Return why the certificate of `host` is refused; `seen` is it, where it could be read."""
    said = _EXPLAINED.get(error.verify_code)
    if said is None:
        return f"the certificate is refused ({cleaned(error.verify_message)}): {_TRUST}"
    names, until = (_names(seen), seen["notAfter"]) if seen else ("another name", "its date")
    return "the certificate" + said.format(names=names, host=host, until=until)


def refusal_in(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """Return the refusal of a certificate that caused `error`, None where nothing such did."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _names(certificate: Certificate) -> str:
    names = [cleaned(value) for _, value in certificate.get("subjectAltName", ())]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more or "no name"
