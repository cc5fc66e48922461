"""Findings about certificates: the server's, as a handshake shows it, and the client's. Pure."""

import ssl
from collections.abc import Iterator
from typing import NamedTuple

from gatepass.client.doctor.findings import Finding, Outcome
from gatepass.client.errors import cleaned
from gatepass.client.keys.validity import Validity
from gatepass.client.network.certificate_errors import Certificate, explain, host_names

_SOON = 14  # days before its end that a certificate is warned of
_DAY = 86_400  # seconds


class Handshake(NamedTuple):
    """A TLS connection that was made: its version and the certificate."""

    version: str
    certificate: Certificate


def accepted(handshake: Handshake, now: float) -> Finding:
    """Return how long an accepted certificate is valid; `now` is in seconds since 1970."""
    certificate = handshake.certificate
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - now) // _DAY)
    what = f"{handshake.version}, certificate for {host_names(certificate)}, {days} days left"
    if days < _SOON:
        message = f"{what}: ask the server's operator to renew it"
        return Finding("tls", Outcome.WARNING, message)
    return Finding("tls", Outcome.OK, what)


def refused(error: OSError, host: str, certificate: Certificate | None) -> Finding:
    """Return why there is no TLS connection; `certificate` is the server's, if known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Finding("tls", Outcome.FAILED, explain(error, host, certificate))
    if isinstance(error, ssl.SSLError):
        why = cleaned((error.reason or "no reason given").replace("_", " ").lower())
        message = f"no TLS is spoken there ({why}): check scheme and port of the token URL"
        return Finding("tls", Outcome.FAILED, message)
    why = cleaned(error.strerror or str(error))
    message = f"the connection ended in the handshake ({why}): check port and firewall"
    return Finding("tls", Outcome.FAILED, message)


def of_client(validity: Validity | None, now: float) -> Iterator[Finding]:
    """Yield how long the client's certificate is valid, where that is known."""
    if validity is None:
        return
    begins_at, ends_at = (each.strftime("%Y-%m-%d %H:%M UTC") for each in validity)
    what, days = f"valid until {ends_at}", int((validity.ends_at.timestamp() - now) // _DAY)
    outcome, advice = Outcome.OK, ""
    if now > validity.ends_at.timestamp():
        outcome, what, advice = Outcome.FAILED, f"expired at {ends_at}", ": renew it"
    elif now < validity.begins_at.timestamp():
        outcome, what = Outcome.FAILED, f"not valid before {begins_at}"
        advice = ": check this machine's clock, or wait"
    elif days < _SOON:
        outcome, advice = Outcome.WARNING, f", {days} days left: renew it"
    yield Finding("client certificate", outcome, f"{what}{advice}")
