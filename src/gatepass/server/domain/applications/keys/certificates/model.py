"""Certificates of an application, with the rules that their values obey. Pure.

One of them is either a certificate itself, which is compared whole (`self_signed_tls_client_auth`,
RFC 8705 §2.2), or a subject, which a certificate of an authority must name (`tls_client_auth`,
§2.1). Of an application's several, any one is enough.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.errors import Fault, UnusableCertificateError
from gatepass.jose.x509.subject import MEMBERS, Subject, check
from gatepass.server.domain.applications.keys.methods.expiry.model import Validity
from gatepass.server.domain.names import is_visible, tidy
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

Method = Literal["tls_client_auth", "self_signed_tls_client_auth"]

MOST = 10  # of an application
LONGEST_NAME = 100

FAULTS: MappingProxyType[Fault, str] = MappingProxyType(
    {
        "malformed": Message(
            "This is not one certificate. Paste it in PEM, alone, from "
            "-----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."
        ),
        "private": Message(
            "This contains a private key. Paste only the certificate. Whoever saw the private key "
            "can authenticate as your application: make a new pair."
        ),
        "long": Message("The certificate is too long. Paste that of the client alone."),
    }
)
MEMBER_FAULTS: MappingProxyType[str, str] = MappingProxyType(
    {
        "tls_client_auth_subject_dn": Message(
            "This is not a distinguished name. Copy it as this command prints it: "
            "openssl x509 -noout -subject -nameopt RFC2253 -in FILE"
        ),
        "tls_client_auth_san_dns": Message(
            "Give a DNS name as billing.acme.example, without * or port."
        ),
        "tls_client_auth_san_uri": Message("Give a URI as spiffe://acme.example/billing."),
        "tls_client_auth_san_ip": Message("Give an IP address as 192.0.2.7 or 2001:db8::7."),
        "tls_client_auth_san_email": Message("Give a mail address as billing@acme.example."),
    }
)


@dataclass(frozen=True, slots=True)
class ApplicationCertificate:
    """What certificates of an application are recognised by: one of them whole, or a subject."""

    id: UUID
    name: str
    expected: Certificate | Subject
    created_at: datetime
    created_by: str
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    last_used_agent: str | None = field(default=None, repr=False)
    seen: Validity | None = None
    """Of a subject: from when until when the certificate works that it recognised."""

    @property
    def method(self) -> Method:
        """Return the authentication method that it is for (RFC 8705 §2)."""
        return method_of(self.expected)

    @property
    def expires_at(self) -> datetime | None:
        """Return the `notAfter` of the certificate; None of a subject that recognised none yet."""
        if isinstance(self.expected, Certificate):
            return self.expected.not_after
        return self.seen and self.seen.expires_at

    @property
    def validity(self) -> Validity | None:
        """Return from when until when it works, as reminders need it; None as `expires_at`."""
        if isinstance(self.expected, Certificate):
            return Validity(self.created_at, self.expected.not_after)
        return self.seen

    @property
    def words(self) -> str:
        """Return what it is compared by, as the audit trail and pages have it."""
        return words_of(self.expected)

    def is_live(self, now: datetime) -> bool:
        """Return whether it can still authenticate: a subject can, by another certificate."""
        return isinstance(self.expected, Subject) or now <= self.expected.not_after


def method_of(expected: Certificate | Subject) -> Method:
    """Return the authentication method that something is registered for (RFC 8705 §2)."""
    is_subject = isinstance(expected, Subject)
    return "tls_client_auth" if is_subject else "self_signed_tls_client_auth"


def words_of(expected: Certificate | Subject) -> str:
    """Return what a certificate is compared by, as the audit trail and pages have it."""
    if isinstance(expected, Certificate):
        return f"x5t#S256: {expected.thumbprint}"
    return f"{expected.member.removeprefix('tls_client_auth_')}: {expected.value}"


def check_certificate(text: bytes, now: datetime) -> Certificate:
    """Return the certificate in a text that a person gave; raise OAuthError."""
    try:
        found = Certificate.from_pem(text)
    except UnusableCertificateError as error:
        raise OAuthError("invalid_request", FAULTS[error.fault]) from None
    if found.not_after < now:
        raise OAuthError("invalid_request", Message("The certificate has expired."))
    return found


def check_subject(member: str, value: str) -> Subject:
    """Return the subject that a person gave; raise OAuthError."""
    if member not in MEMBERS:
        raise OAuthError(
            "invalid_request",
            Message("Choose what the certificate is recognised by."),
            log_detail=f"none of {', '.join(MEMBERS)}",
        )
    try:
        return check(member, value)
    except ValueError:
        raise OAuthError("invalid_request", MEMBER_FAULTS[member]) from None


def check_name(name: str) -> str:
    """Return the name of a certificate, tidied; raise OAuthError."""
    tidied = tidy(name)
    if not is_visible(tidied) or len(tidied) > LONGEST_NAME:
        raise OAuthError(
            "invalid_request",
            Message("Give the certificate a name of at most {most} characters.", most=LONGEST_NAME),
        )
    return tidied


def check_new(live: Iterable[ApplicationCertificate], new: Certificate | Subject) -> None:
    """Raise OAuthError where a certificate cannot be added to those that are live."""
    known = list(live)
    if len(known) >= MOST:
        raise OAuthError(
            "invalid_request",
            Message("An application has {most} certificates at most. Remove one first.", most=MOST),
        )
    if any(each.expected == new for each in known):
        raise OAuthError(
            "invalid_request", Message("The application has this certificate already.")
        )
