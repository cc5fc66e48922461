"""What the page of an application's certificates shows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.subject import Subject, distinguished_name
from gatepass.server.domain.applications.keys.certificates import operations
from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate
from gatepass.server.domain.applications.keys.methods.expiry.model import (
    days_left,
    in_words,
    is_soon,
)
from gatepass.server.domain.applications.model import Application
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.metadata import TOKEN

MEMBERS = (
    ("tls_client_auth_subject_dn", Message("Subject (distinguished name)")),
    ("tls_client_auth_san_dns", Message("DNS name")),
    ("tls_client_auth_san_uri", Message("URI")),
    ("tls_client_auth_san_ip", Message("IP address")),
    ("tls_client_auth_san_email", Message("Mail address")),
)
LABELS = {
    "certificate_name": Message("Name of the certificate"),
    "certificate": Message("Certificate"),
    "subject_name": Message("Name of the entry"),
    "member": Message("Recognised by"),
    "value": Message("Value"),
}
_WORDS = dict(MEMBERS)


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return the certificates, the live ones first, and where programs connect with them."""
    found = operations.of_application(request.context, application)
    environment = request.environment
    methods = environment.certificate_methods()
    return {
        "certificates": [
            entry(each) for each in sorted(found, key=lambda each: not each.is_live(request.now))
        ],
        "certificate_reminders": reminders(found, request.now),
        "certificate_labels": LABELS,
        "members": MEMBERS,
        "is_offered": bool(methods),
        "takes_subjects": "tls_client_auth" in methods,
        "docs_url": environment.docs_url,
        "token_url": (environment.mtls_url or environment.issuer) + TOKEN,
    }


def entry(each: ApplicationCertificate) -> dict[str, object]:
    """Return what the page shows of a certificate, or of the subject of one."""
    expected = each.expected
    found: dict[str, object] = {
        "it": each,
        "method": each.method,
        "thumbprint": "",
        "kind": "",
        "value": "",
    }
    if isinstance(expected, Certificate):
        name = distinguished_name(expected)
        return {**found, "thumbprint": expected.thumbprint, "value": name}
    return {**found, "kind": _WORDS[expected.member], "value": expected.value}


def reminders(certificates: Iterable[ApplicationCertificate], now: datetime) -> dict[UUID, Message]:
    """Return a sentence for each certificate, by its id, that expires soon.

    Of those that are registered themselves, for the newest one alone; of what subjects recognised,
    also for one that has expired.
    """
    live = [each for each in certificates if each.is_live(now)]
    newest = max(live, key=lambda each: each.created_at, default=None)
    found: dict[UUID, Message] = {}
    for each in live:
        validity, is_subject = each.validity, isinstance(each.expected, Subject)
        if validity is None or not (is_subject or each is newest) or not is_soon(validity, now):
            continue
        words = in_words(days_left(validity.expires_at, now))
        found[each.id] = (
            Message(
                "The certificate that was issued last {expires}. Renew it, and deploy the new one "
                "before that.",
                expires=words,
            )
            if is_subject
            else Message(
                "It {expires}. Add the next certificate and deploy it before that.", expires=words
            )
        )
    return found
