"""What operators do with the secrets, keys and certificates of a partner's application."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from certificates import certificate
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications.keys.certificates.model import FAULTS as OF_CERTIFICATES
from gatepass.server.domain.applications.keys.model import FAULTS
from gatepass.testing import Clock
from server.admin.console.confirming import confirm, is_asked, sentences
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal
from server.portal.operators.people import add_operators
from server.portal.pages.test_certificates import PASTED as CERTIFICATE
from server.portal.pages.test_certificates import SUBJECT
from server.portal.pages.test_keys import KEY, PASTED, words

OTHER = PrivateKey.generate("ES256")
URI = "https://keys.example.com/jwks.json"
ACTION = re.compile(r'action="([^"]*)"')


def path_of(portal: PortalServer, **form: str) -> str:
    """Register an application of Acme; return the path of its methods in the console."""
    app_id = portal.as_("anna").register(**form).rstrip("/").rpartition("/")[2]
    org_id = portal.person("anna").org_id
    return f"/console/production/organizations/{org_id}/applications/{app_id}/authentication/"


@pytest.fixture
def path(operated: PortalServer) -> str:
    return path_of(operated)


@pytest.fixture
def stan(operated: PortalServer) -> Browser:
    return operated.as_("stan")


def action(browser: Browser, path: str, last: str) -> str:
    """Return the address of the form of the page that ends so."""
    actions: list[str] = ACTION.findall(browser.get(path).text)
    found = [each for each in actions if each.endswith(last)]
    assert found, last
    return found[0]


def do(browser: Browser, path: str, **form: str) -> list[str]:
    """Send a form and confirm it; return what the page between said that it stops."""
    asked = browser.post(path, **form)
    assert is_asked(asked, path), asked.text
    assert confirm(browser, asked, path).status_code == 303
    return sentences(asked)


def test_a_key_is_added_changed_and_revoked_and_each_is_in_the_audit_trail(
    operated: PortalServer, stan: Browser, path: str
) -> None:
    assert stan.post(f"{path}keys/add/", **PASTED).status_code == 303
    shown = words(stan, path)
    change = action(stan, path, "/change/")
    key_id = change.split("/")[-3]
    renamed = {f"name_{key_id}": "Night", f"end_{key_id}": "2099-12-31"}
    ends = do(stan, change, **renamed)
    page = stan.get(path).text
    stops = do(stan, action(stan, path, "keys/" + key_id + "/revoke/"))

    assert KEY.kid in shown
    assert "Never used" in shown
    assert ends[0] == "Programs that sign with this key get no tokens after its last day."
    assert 'value="2099-12-31"' in page
    assert stops == [
        "Programs that sign with this key get no tokens.",
        "0 other keys work.",
        "1 secret works.",
        "<strong>This cannot be undone.</strong>",
    ]
    assert KEY.kid not in stan.get(path).text
    assert [each for each in operated.actions() if each.startswith("client_key")] == [
        "client_key.added",
        "client_key.changed",
        "client_key.revoked",
    ]


def test_before_it_is_confirmed_no_key_is_revoked(stan: Browser, path: str) -> None:
    stan.post(f"{path}keys/add/", **PASTED)

    stan.post(action(stan, path, "/revoke/"))

    assert KEY.kid in stan.get(path).text


def test_all_secrets_are_revoked_once_none_was_used_for_14_days_and_not_before(
    operated: PortalServer, stan: Browser, path: str, clock: Clock
) -> None:
    form = f"{path}revoke-secrets/"
    stan.post(f"{path}keys/add/", **PASTED)
    without_use = stan.post(form)
    operated.run("UPDATE application_key SET last_used_at = created_at")
    early, offered_early = stan.post(form), f'action="{form}"' in stan.get(path).text
    clock.advance(timedelta(days=14, seconds=1).total_seconds())
    stan = operated.as_("stan")
    offered, said = f'action="{form}"' in stan.get(path).text, do(stan, form)

    assert [each.status_code for each in (without_use, early)] == [409, 409]
    assert "No key of the application was used yet" in without_use.text
    assert "less than 14 days ago" in early.text
    assert (offered_early, offered) == (False, True)
    assert said[:2] == [
        "1 secret stops working; programs that have it get no tokens.",
        "No secret was ever used.",
    ]
    assert "It has no secret that could leak." in words(stan, path)
    assert operated.actions().count("secret.all_ended") == 1


def test_one_secret_is_revoked_but_not_the_last_one_before_a_key_was_used(
    operated: PortalServer, stan: Browser, path: str
) -> None:
    stan.post(f"{path}keys/add/", **PASTED)
    form = action(stan, path, "/revoke/")
    assert "/secrets/" in form

    early = stan.post(form)
    operated.run("UPDATE application_key SET last_used_at = created_at")
    said = do(stan, form)

    assert early.status_code == 400
    assert "This is the only live secret." in early.text
    assert said[0] == "Programs that use this secret get no tokens."
    assert stan.post(form).status_code == 404


def test_where_keys_are_published_is_changed_after_what_stops_was_said(
    stan: Browser, path: str
) -> None:
    form = f"{path}keys/setting/"
    first = do(stan, form, jwks_uri=URI, legacy_audience="yes")
    page = stan.get(path).text
    second = do(stan, form, jwks_uri="")

    assert first == ["Nothing stops."]
    assert f'value="{URI}"' in page
    assert "Published keys" in page
    assert second == [
        "Keys that are published at the address until now are not accepted any more.",
        "Programs that send the address of the endpoint as audience get no tokens.",
    ]


def test_certificates_and_subjects_are_added_and_removed(
    operated: PortalServer, stan: Browser, path: str
) -> None:
    added = [
        stan.post(f"{path}certificates/add/", **CERTIFICATE).status_code,
        stan.post(f"{path}certificates/subject/", **SUBJECT).status_code,
    ]
    shown = words(stan, path)
    said = do(stan, action(stan, path, "/remove/"))

    assert added == [303, 303]
    assert "billing.acme.example" in shown
    assert "1 other certificate works." in said
    assert operated.actions().count("client_certificate.removed") == 1


@pytest.mark.parametrize(
    ("form", "sent", "field"),
    [
        ("keys/add/", {"key_name": "", "key": PASTED["key"]}, "key_name"),
        ("keys/add/", {"key_name": "x", "key": "no key"}, "key"),
        ("keys/add/", {"key_name": "x", "key": ""}, "key"),
        ("keys/add/", {**PASTED, "key_end": "2001-01-01"}, "key_end"),
        ("keys/add/", {**PASTED, "key_end": "tomorrow"}, "key_end"),
        ("keys/setting/", {"jwks_uri": "http://keys.example.com/"}, "jwks_uri"),
        ("keys/setting/", {"jwks_uri": "https://10.0.0.1:x/"}, "jwks_uri"),
        ("certificates/add/", {**CERTIFICATE, "certificate_name": " "}, "certificate_name"),
        ("certificates/add/", {**CERTIFICATE, "certificate": "none"}, "certificate"),
        ("certificates/subject/", {**SUBJECT, "subject_name": ""}, "subject_name"),
        ("certificates/subject/", {**SUBJECT, "value": "*.example.com"}, "value"),
        ("certificates/subject/", {**SUBJECT, "member": "tls_client_auth"}, "member"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_stays(
    stan: Browser, path: str, form: str, sent: dict[str, str], field: str
) -> None:
    refused = stan.post(path + form, **sent)

    assert refused.status_code == 400, refused.text
    assert f'id="{field}-error"' in refused.text
    short = [
        text for text in sent.values() if text.strip() and len(text) < 60 and field != "member"
    ]
    assert all(text in unescape(refused.text) for text in short)


@pytest.mark.parametrize("kind", ["key", "certificate"])
def test_a_private_key_that_was_pasted_is_not_shown_again(
    stan: Browser, path: str, kind: str
) -> None:
    private = json.dumps(OTHER.private_jwk()) if kind == "key" else OTHER.pem()
    sent = {f"{kind}_name": "Night", kind: private}
    form = {"key": "keys/add/", "certificate": "certificates/add/"}[kind]

    refused = stan.post(path + form, **sent)

    expected = {"key": FAULTS, "certificate": OF_CERTIFICATES}[kind]["private"]
    secret = OTHER.private_jwk()["d"] if kind == "key" else OTHER.pem().splitlines()[1]
    assert expected in unescape(refused.text)
    assert secret not in refused.text
    assert 'value="Night"' in refused.text


def test_an_account_manager_sees_methods_and_changes_none(
    operated: PortalServer, stan: Browser, path: str
) -> None:
    stan.post(f"{path}keys/add/", **PASTED)
    key_id = action(stan, path, "/change/").split("/")[-3]
    mara = operated.as_("mara")
    page = mara.get(path).text

    refused = [
        mara.post(path + form, **PASTED, confirmed="yes").status_code
        for form in ("keys/add/", f"keys/{key_id}/revoke/", "revoke-secrets/", "keys/setting/")
    ]

    assert KEY.kid in page
    assert f'action="{path}' not in page
    assert set(refused) == {403}


def test_a_key_of_another_application_is_not_found(
    operated: PortalServer, stan: Browser, path: str
) -> None:
    other = path_of(operated, name="Another")
    stan.post(f"{other}keys/add/", **PASTED)
    foreign = action(stan, other, "/change/").removeprefix(other)

    assert stan.post(path + foreign).status_code == 404
    assert KEY.kid in stan.get(other).text


def test_the_partner_gets_mail_about_a_key_and_a_certificate_that_an_operator_adds(
    mailing: MailingPortal,
) -> None:
    add_operators(mailing)
    path, olga = path_of(mailing), mailing.as_("olga")
    mailing.mails()

    olga.post(f"{path}keys/add/", **PASTED)
    olga.post(
        f"{path}certificates/add/",
        certificate_name="Night",
        certificate=certificate("CN=night").pem(),
    )

    found = [str(each) for each in mailing.mails()]
    assert any(KEY.kid in each for each in found)
    assert any("Night" in each for each in found)


def test_the_partner_gets_mail_when_keys_are_published_elsewhere_and_none_when_nothing_changes(
    mailing: MailingPortal,
) -> None:
    add_operators(mailing)
    path, olga = path_of(mailing), mailing.as_("olga")
    form, moved = f"{path}keys/setting/", "https://moved.example.com/jwks.json"
    mailing.mails()

    do(olga, form, jwks_uri=URI)
    first = [str(each) for each in mailing.mails()]
    do(olga, form, jwks_uri=URI, legacy_audience="yes")
    same = mailing.mails()
    do(olga, form, jwks_uri=moved)
    second = [str(each) for each in mailing.mails()]

    assert any(URI in each for each in first)
    assert same == []
    assert all(any(uri in each for each in second) for uri in (URI, moved))


def test_the_page_of_the_application_has_the_last_use_of_each_method(
    operated: PortalServer, stan: Browser, path: str
) -> None:
    stan.post(f"{path}keys/add/", **PASTED)
    operated.run(
        "UPDATE application_key SET last_used_at = created_at, last_used_from = '203.0.113.9', "
        "last_used_agent = 'night/1.0'"
    )

    page = words(stan, path.removesuffix("authentication/"))

    assert "Nightly import Key Last used" in page
    assert "from 203.0.113.9 by night/1.0" in page
