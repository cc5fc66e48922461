"""The setup by an organization's administrators."""

import json
import re
from collections.abc import Callable

import pytest

from gatepass.loopback import Response
from gatepass.server.domain.users.single_sign_on import setup
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.environment.openid_provider.dns_server import serving
from server.environment.openid_provider.fake_provider import CLIENT_SECRET, FakeProvider
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal, text_of
from server.portal.single_sign_on.company import PEOPLE, SETUP, Company, sent
from server.portal.single_sign_on.conftest import SETTINGS


@pytest.fixture
def new(make_portal: Callable[..., PortalServer], provider: FakeProvider) -> Company:
    """Acme before it has set anything up."""
    return Company(make_portal(single_sign_on=SETTINGS), provider)


def domain_path(page: str, do: str) -> str:
    [path] = re.findall(rf'action="({SETUP}domains/[0-9a-f-]+/{do}/)"', page)
    return str(path)


def test_the_page_says_what_to_register_before_anything_is_set_up(new: Company) -> None:
    page = new.portal.as_("anna").get(SETUP)

    assert page.status_code == 200
    assert f"{new.portal.environment.issuer}{new.callback}" in page.text


def test_the_secret_is_encrypted_never_shown_and_stays_where_none_is_given(new: Company) -> None:
    anna = new.portal.as_("anna")
    saved = new.save(anna)
    again = new.save(anna, client_secret="")

    assert (saved.status_code, again.status_code) == (303, 303)
    provider = setup.find(new.portal.environment.context, new.org_id)
    assert provider
    assert setup.secret_of(new.portal.environment.context, provider).value == CLIENT_SECRET
    assert CLIENT_SECRET not in anna.get(SETUP).text
    assert CLIENT_SECRET.encode() not in new.portal.dump()
    assert CLIENT_SECRET not in repr(provider)


PROVIDERS: dict[str, tuple[dict[str, str], str]] = {
    "no issuer": ({"issuer": ""}, "Give the issuer as your provider states it"),
    "a name": ({"issuer": "login.example.com"}, "Give the issuer as your provider states it"),
    "plain http": ({"issuer": "http://login.example.com"}, "The issuer must begin with https://."),
    "a query": ({"issuer": "https://a.example/?x=1"}, "Give the issuer as your provider states"),
    "a login in it": ({"issuer": "https://a:b@a.example/"}, "Give the issuer as your provider"),
    "a template": (
        {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        "Put the id of your tenant in place of the braces.",
    ),
    "spaces": ({"client_id": "a b"}, "Copy the client id from your provider"),
    "no secret": ({"client_secret": ""}, "Copy the client secret from your provider"),
    "two lines": ({"client_secret": "a\nb"}, "Copy the client secret from your provider"),
}


@pytest.mark.parametrize("what", PROVIDERS)
def test_a_provider_that_cannot_be_one_is_refused_beside_the_field(new: Company, what: str) -> None:
    changed, words = PROVIDERS[what]

    answer = new.save(new.portal.as_("anna"), **changed)

    assert answer.status_code == 400
    assert words in answer.text.replace("&#39;", "'")
    assert CLIENT_SECRET not in answer.text
    assert setup.find(new.portal.environment.context, new.org_id) is None


def test_the_test_shows_what_came_and_the_role_that_it_would_give(company: Company) -> None:
    company.save_people()
    company.provider.person = {
        "sub": "n1",
        "email": "zoe@acme.example",
        "email_verified": False,
        "groups": ["admins", "<b>"],
        "long": "x" * 5000,
    }
    anna = company.portal.as_("anna")

    page = company.test(anna).text
    reloaded = anna.get(SETUP).text

    for words in ("It worked.", "zoe@acme.example", "Not verified", "&lt;b&gt;", "Staff"):
        assert words in page
    assert "x" * 201 not in page
    assert len(page) < 60_000
    assert "It worked." not in reloaded
    assert company.identities() == []


TESTS: dict[str, tuple[str, Response, str]] = {
    "a wrong secret": (
        "/token",
        Response(401, b'{"error": "invalid_client"}'),
        "the token endpoint answered invalid_client",
    ),
    "no such issuer": (
        "/.well-known/openid-configuration",
        Response(404),
        "the metadata: the provider answered 404",
    ),
    "metadata of another": (
        "/.well-known/openid-configuration",
        Response(200, json.dumps({"issuer": "https://other.example"}).encode()),
        "the metadata is of the issuer https://other.example",
    ),
}


@pytest.mark.parametrize("what", TESTS)
def test_a_test_that_fails_says_why_and_the_provider_cannot_be_turned_on(
    new: Company, what: str
) -> None:
    path, answer, reason = TESTS[what]
    anna = new.portal.as_("anna")
    new.save(anna)
    new.provider.answers[path] = answer
    begun = anna.post(f"{SETUP}test/")
    if begun.status_code == 200:
        new.come_back(anna, sent(begun))

    page = anna.get(SETUP).text
    turned_on = anna.post(f"{SETUP}on/", emergency=str(new.portal.person("anna").id))

    assert reason in page
    assert turned_on.status_code == 409
    assert "Test the connection first." in turned_on.text


def test_a_new_issuer_or_client_turns_it_off_and_a_new_secret_does_not(company: Company) -> None:
    anna, context = company.portal.as_("anna"), company.portal.environment.context
    company.save(anna, client_secret="a-new-one")
    rotated = setup.find(context, company.org_id)
    company.save(anna, client_id="another")
    changed = setup.find(context, company.org_id)

    assert rotated
    assert changed
    assert (rotated.is_on, changed.is_on, changed.tested_at) == (True, False, None)
    assert company.portal.actions()[-2:] == [
        "single_sign_on.changed",
        "single_sign_on.disabled",
    ]


def test_a_domain_is_proved_by_its_txt_record(
    make_portal: Callable[..., PortalServer], provider: FakeProvider
) -> None:
    records: dict[str, str] = {}
    with serving(records) as server:
        company = Company(
            make_portal(single_sign_on={**SETTINGS, "dns_servers": [server]}), provider
        )
        anna = company.portal.as_("anna")
        company.save(anna)
        anna.post(f"{SETUP}domains/", domain=" @Acme.EXAMPLE. ")
        page = anna.get(SETUP).text
        missing = anna.post(domain_path(page, "check"))
        [text] = re.findall(r"gatepass-domain=[A-Za-z0-9]+", page)
        records["_gatepass-challenge.acme.example"] = text
        found = anna.post(domain_path(page, "check"))

    assert missing.status_code == 400
    assert "has no such TXT record at _gatepass-challenge.acme.example yet" in missing.text
    assert found.status_code == 303
    assert "acme.example is proved." in anna.get(SETUP).text
    assert company.portal.rows("SELECT proved_domain FROM single_sign_on_domain") == [
        ("acme.example",)
    ]


def test_the_record_of_another_organization_proves_nothing(
    make_portal: Callable[..., PortalServer], provider: FakeProvider
) -> None:
    records: dict[str, str] = {}
    with serving(records) as server:
        portal = make_portal(single_sign_on={**SETTINGS, "dns_servers": [server]})
        acme, bolt = Company(portal, provider), Company(portal, provider, "bo")
        pages = {}
        for each in (acme, bolt):
            admin = portal.as_(each.admin)
            each.save(admin)
            admin.post(f"{SETUP}domains/", domain="acme.example")
            pages[each.admin] = admin, admin.get(SETUP).text
        [text] = re.findall(r"gatepass-domain=[A-Za-z0-9]+", pages["anna"][1])
        records["_gatepass-challenge.acme.example"] = text
        (bo, at_bolt), (anna, at_acme) = pages["bo"], pages["anna"]
        refused = bo.post(domain_path(at_bolt, "check"))
        proved = anna.post(domain_path(at_acme, "check"))
        [records["_gatepass-challenge.acme.example"]] = re.findall(
            r"gatepass-domain=[A-Za-z0-9]+", at_bolt
        )
        late = bo.post(domain_path(at_bolt, "check"))
        foreign = bo.post(domain_path(at_acme, "check"))

    assert (refused.status_code, proved.status_code, late.status_code) == (400, 303, 409)
    assert "Another organization has proved this domain." in late.text
    assert foreign.status_code == 404


@pytest.mark.parametrize(
    "name", ["", "acme", "acme..example", "-a.example", "a_b.example", "1.2.3.4", "a b.example"]
)
def test_what_is_no_domain_is_refused(company: Company, name: str) -> None:
    answer = company.portal.as_("anna").post(f"{SETUP}domains/", domain=name)

    assert answer.status_code == 400
    assert "Give a domain of your email addresses" in answer.text


def test_a_domain_that_is_removed_leads_nowhere(company: Company) -> None:
    anna = company.portal.as_("anna")
    anna.post(domain_path(anna.get(SETUP).text, "remove"))

    answer = company.portal.browser().post("/accounts/single-sign-on/", email="a@acme.example")

    assert answer.status_code == 400


ROLES: dict[str, tuple[dict[str, str], str]] = {
    "no role": ({"roles": "admins"}, "Write each line as value = admin, staff or user: admins"),
    "an unknown role": ({"roles": "a = root"}, "Write each line as value = admin, staff or user"),
    "twice": ({"roles": "a = user\na = admin"}, "This value has two lines: a"),
    "a claim in two words": ({"role_claim": "my groups"}, "Give the name of a claim"),
    "above the cap": (
        {"default_role": "admin", "highest_role": "staff"},
        "This role can do more than the highest one.",
    ),
    "no such role": ({"default_role": "root"}, "Choose a role: admin, staff or user."),
}


@pytest.mark.parametrize("what", ROLES)
def test_roles_that_cannot_be_are_refused_beside_the_field(company: Company, what: str) -> None:
    changed, words = ROLES[what]

    answer = company.portal.as_("anna").post(f"{SETUP}people/", **{**PEOPLE, **changed})

    assert answer.status_code == 400
    assert words in answer.text
    assert "API team = staff" in answer.text or "roles" in changed


@pytest.mark.parametrize("username", ["sven", "bo", "nils", ""])
def test_the_emergency_administrator_is_one_of_the_organization_with_a_password(
    company: Company, username: str
) -> None:
    chosen = str(company.portal.person(username).id) if username else ""

    answer = company.portal.as_("anna").post(f"{SETUP}on/", emergency=chosen)

    assert answer.status_code == 400
    assert "Choose an administrator who has chosen a password of their own." in answer.text


def test_the_other_administrators_are_told_of_every_change(
    mailing: MailingPortal, provider: FakeProvider
) -> None:
    mailing.confirm("nora", "nora@acme.example")
    anna = mailing.as_("anna")
    mailing.mails()
    Company(mailing, provider).save(anna)

    [mail] = mailing.mails()

    assert mail["To"] == "nora@acme.example"
    assert mail["Subject"] == "Single sign-on of your organization was changed"
    assert "Anna changed single sign-on: its setup was changed (127.0.0.1)." in text_of(mail)


def test_people_who_must_come_from_the_provider_get_no_link_to_recover(
    mailing: MailingPortal, provider: FakeProvider
) -> None:
    company = Company(mailing, provider)
    for username in ("anna", "nora"):
        mailing.confirm(username, f"{username}@acme.example")
    anna = mailing.as_("anna")
    company.save(anna)
    mailing.run("UPDATE single_sign_on SET tested_at = 1")
    anna.post(f"{SETUP}on/", emergency=str(mailing.person("anna").id))
    before = ask(mailing, "nora")
    company.require()

    after, emergency = ask(mailing, "nora"), ask(mailing, "anna")
    late = mailing.browser().get(before[0])

    assert (len(before), after, len(emergency)) == (1, [], 1)
    assert late.status_code == 404


def ask(mailing: MailingPortal, username: str) -> list[str]:
    mailing.mails()
    browser: Browser = mailing.browser()
    browser.post("/accounts/recover/", email=f"{username}@acme.example")
    return mailing.paths(f"{username}@acme.example")


def test_round_trips_that_nobody_finished_are_deleted(company: Company, clock: Clock) -> None:
    company.go(company.portal.browser())
    clock.advance(601)
    maintenance.prune(company.portal.environment)

    assert company.portal.rows("SELECT * FROM single_sign_on_attempt") == []


def test_staff_see_nothing_of_it(company: Company) -> None:
    assert company.portal.as_("sven").get(SETUP).status_code == 403
    assert SETUP not in company.portal.as_("sven").get("/team/").text
    assert SETUP in company.portal.as_("anna").get("/team/").text
