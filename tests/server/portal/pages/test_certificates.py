"""Certificates of an application in the portal: pasted, named by subject, removed."""

import re
from datetime import timedelta
from html import unescape

import pytest

from certificates import certificate
from gatepass.server.domain.applications.keys.certificates.model import FAULTS
from gatepass.server.storage.timestamps import milliseconds
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer

DAY = timedelta(days=1)

CERTIFICATE = certificate(r"CN=acme,O=Acme \<Ltd\>,C=DE")
PASTED = {"certificate_name": "Nightly import", "certificate": CERTIFICATE.pem()}
SUBJECT = {
    "subject_name": "Billing",
    "member": "tls_client_auth_san_dns",
    "value": "billing.acme.example",
}


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    return portal.as_("anna")


@pytest.fixture
def certificates(anna: Browser) -> str:
    """The path of the certificates of an application, whose secret was shown."""
    app = anna.register()
    anna.get(f"{app}credentials/")
    return f"{app}certificates/"


def test_a_pasted_certificate_is_listed_and_removed(
    portal: PortalServer, anna: Browser, certificates: str
) -> None:
    credentials = certificates.replace("certificates/", "credentials/")
    assert f'href="{certificates}"' in anna.get(credentials).text
    assert anna.post(f"{certificates}add/", **PASTED).status_code == 303
    page = unescape(anna.get(certificates).text)
    assert CERTIFICATE.thumbprint in page
    assert r"CN=acme,O=Acme \<Ltd\>,C=DE" in page
    assert "self_signed_tls_client_auth" in page
    [remove] = re.findall(r'action="([^"]*/remove/)"', page)

    assert anna.post(remove).status_code == 303

    assert CERTIFICATE.thumbprint not in anna.get(certificates).text
    assert portal.actions().count("client_certificate.added") == 1
    assert portal.actions().count("client_certificate.removed") == 1
    assert "Removed the certificate Nightly import" in anna.get("/activity/").text


def test_a_subject_is_listed(anna: Browser, certificates: str) -> None:
    assert anna.post(f"{certificates}subject/", **SUBJECT).status_code == 303

    page = anna.get(certificates).text

    assert "billing.acme.example" in page
    assert "<dt>DNS name</dt>" in page


def test_a_certificate_that_expires_soon_is_pointed_out_where_people_look(
    portal: PortalServer, clock: Clock, anna: Browser, certificates: str
) -> None:
    app = certificates.replace("certificates/", "")
    soon = certificate(end=portal.environment.now() + timedelta(days=10, hours=1))
    anna.post(f"{certificates}add/", **PASTED | {"certificate": soon.pem()})
    said = "expires in 10 days. Add the next certificate and deploy it before that."

    pages = [unescape(anna.get(path).text) for path in (certificates, app)]
    listed = anna.get("/oauth2/applications/", {"state": "expiring"}).text
    clock.advance(60)
    anna.post(f"{certificates}add/", **PASTED)
    after = [anna.get(path).text for path in (certificates, app)]

    assert f"It {said}" in pages[0]
    assert f"The certificate Nightly import: It {said}" in pages[1]
    assert app in listed
    assert not any("expires in 10 days" in each for each in after)
    assert app not in anna.get("/oauth2/applications/", {"state": "expiring"}).text


def test_of_a_subject_the_end_of_the_certificate_that_was_issued_last_is_shown(
    portal: PortalServer, anna: Browser, certificates: str
) -> None:
    anna.post(f"{certificates}subject/", **SUBJECT)
    assert "End of the one issued last" not in anna.get(certificates).text
    now = portal.environment.now()
    start, end = (milliseconds(now + days * DAY) for days in (-88, 2))
    portal.run(
        "INSERT INTO certificate_end (certificate_id, works_from, expires_at)"
        f" SELECT id, {start}, {end} FROM application_certificate"
    )

    own, methods = (
        anna.get(path).text
        for path in (certificates, certificates.replace("certificates/", "methods/"))
    )

    assert "End of the one issued last" in own
    assert "The certificate that was issued last expires in 2 days." in own
    assert "<dt>Expires</dt>" in methods


def test_a_private_key_is_refused_and_not_shown_again(anna: Browser, certificates: str) -> None:
    text = PASTED["certificate"] + PASTED["certificate"].replace("CERTIFICATE", "PRIVATE KEY")

    answer = anna.post(f"{certificates}add/", **PASTED | {"certificate": text})

    assert answer.status_code == 400
    assert FAULTS["private"][:30] in unescape(answer.text)
    assert "PRIVATE KEY-----" not in answer.text
    assert "Nightly import" in answer.text


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("add/", PASTED | {"certificate": "nonsense"}, "certificate"),
        ("add/", PASTED | {"certificate": ""}, "certificate"),
        ("add/", PASTED | {"certificate_name": " "}, "certificate_name"),
        ("subject/", SUBJECT | {"value": "*.acme.example"}, "value"),
        ("subject/", SUBJECT | {"value": ""}, "value"),
        ("subject/", SUBJECT | {"member": "client_secret"}, "member"),
        ("subject/", SUBJECT | {"subject_name": "a" * 101}, "subject_name"),
    ],
)
def test_what_cannot_be_added_is_said_beside_its_field_and_kept(
    anna: Browser, certificates: str, path: str, form: dict[str, str], field: str
) -> None:
    answer = anna.post(certificates + path, **form)

    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    kept = [value for name, value in form.items() if name != "member" and value.strip()]
    assert all(value.strip() in unescape(answer.text) for value in kept)


def test_another_organization_and_people_without_the_right_change_nothing(
    portal: PortalServer, certificates: str
) -> None:
    assert portal.as_("bo").get(certificates).status_code == 404
    assert portal.as_("bo").post(f"{certificates}add/", **PASTED).status_code == 404
    assert portal.as_("sven").get(certificates).status_code == 200
    assert portal.as_("sven").post(f"{certificates}add/", **PASTED).status_code == 403
    assert portal.as_("sven").post(f"{certificates}subject/", **SUBJECT).status_code == 403
    assert portal.browser().get(certificates).status_code == 303
