"""The page of an application's certificates in the states a person can meet it in."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from browser.samples import LONG, NOW, UNBROKEN, Sample, application, before, one
from certificates import certificate
from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.subject import Subject
from gatepass.server.domain.applications.keys.certificates.model import (
    FAULTS,
    ApplicationCertificate,
)
from gatepass.server.domain.applications.keys.methods.expiry.model import Validity
from gatepass.server.portal.pages.application_certificates.content import (
    LABELS,
    MEMBERS,
    entry,
    reminders,
)

_TEMPLATE = "application/certificates.html"
_OWN = certificate("CN=nightly import,O=Acme Energy,C=DE")
_OLD = certificate(f"CN={UNBROKEN[:60]}", end=datetime(2021, 1, 1, tzinfo=UTC))
_SUBJECT = Subject("tls_client_auth_subject_dn", "CN=billing,OU=" + "a" * 200 + ",O=Acme,C=DE")


def _page(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        **one("", **changes),
        "certificates": [],
        "certificate_reminders": reminders(
            (each["it"] for each in changes.get("certificates", [])), NOW
        ),
        "certificate_labels": LABELS,
        "members": MEMBERS,
        "is_offered": True,
        "takes_subjects": True,
        "docs_url": "/docs/",
        "token_url": "https://mtls.app.example.com/oauth2/token/",
        **changes,
        "labels": LABELS,
    }


def _certificate(
    number: int,
    name: str,
    expected: Certificate | Subject,
    **more: Any,  # noqa: ANN401
) -> dict[str, Any]:
    return entry(
        ApplicationCertificate(UUID(int=number), name, expected, before(days=9), "anna", **more)
    )


CERTIFICATES = [
    _certificate(
        1, "Nightly import", _OWN, last_used_at=before(hours=1), last_used_from="203.0.113.7"
    ),
    _certificate(
        2,
        "Billing",
        _SUBJECT,
        seen=Validity(before(days=360), before(days=-5), is_renewed=True),
    ),
    _certificate(3, UNBROKEN, _OLD),
]
_EXPIRING = [
    _certificate(4, "Nightly import", certificate("CN=nightly import", end=before(days=-1))),
    _certificate(
        5, "Billing", _SUBJECT, seen=Validity(before(days=90), before(days=1), is_renewed=True)
    ),
]
PAGES = [
    Sample("certificates-none", _TEMPLATE, _page(docs_url="", is_offered=False)),
    Sample(
        "certificates",
        _TEMPLATE,
        _page(application=application(name=LONG), certificates=CERTIFICATES, takes_subjects=False),
    ),
    Sample("certificates-expiring", _TEMPLATE, _page(certificates=_EXPIRING)),
    Sample(
        "certificates-wrong",
        _TEMPLATE,
        _page(
            errors={"certificate": FAULTS["private"]},
            values={"certificate_name": "Import"},
            certificates=CERTIFICATES[:1],
        ),
    ),
    Sample(
        "certificates-seen-by-staff",
        _TEMPLATE,
        _page(certificates=CERTIFICATES[:2], may_change=False),
    ),
]
