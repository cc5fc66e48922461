"""Accounts: connected by their owner, made on arrival, with a role from a claim."""

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import operations as users
from gatepass.testing import Clock
from server.portal.fixtures import NEW_PASSWORD, Browser
from server.portal.pages.sessions.verifying import ASKED, prove
from server.portal.single_sign_on.company import DOMAIN, REFUSED, Company, sent

NEW = {
    "sub": "n1",
    "email": f"Zoe.Ng@{DOMAIN}",
    "email_verified": True,
    "given_name": "Zoe",
    "family_name": "Ng",
}
CONNECT, DISCONNECT = "/account/single-sign-on/connect/", "/account/single-sign-on/disconnect/"


def arrive(company: Company, **claims: object) -> Browser:
    company.provider.person = {**NEW, **claims}
    browser = company.portal.browser()
    back = company.log_in(browser)
    assert back.status_code == 303, back.text
    return browser


def test_an_account_is_connected_by_its_owner_within_a_session_that_is_fresh(
    company: Company,
) -> None:
    company.connect("ulla")

    assert company.identities() == [("a1b2c3", "ulla")]
    assert "person.connected" in company.portal.actions()


def test_later_in_a_session_connecting_needs_a_fresh_proof(company: Company, clock: Clock) -> None:
    ulla = company.portal.as_("ulla")
    clock.advance(601)

    asked = ulla.post(CONNECT)
    wrong = prove(ulla, asked, "wrong")
    right = prove(ulla, wrong)

    assert (asked.status_code, ASKED in asked.text) == (403, True)
    assert "This is not your current password." in wrong.text
    assert company.come_back(ulla, sent(right)).status_code == 303
    assert company.identities() == [("a1b2c3", "ulla")]


def test_a_round_trip_to_connect_ends_in_its_own_session_alone(company: Company) -> None:
    ulla = company.portal.as_("ulla")
    query = company.provider.authorize(sent(ulla.post(CONNECT)))
    ulla.post("/accounts/logout/")
    ulla.log_in("sven")

    assert REFUSED in ulla.get(company.callback, query).text
    assert company.identities() == []


def test_a_subject_is_connected_with_one_account_and_an_account_with_one_subject(
    company: Company,
) -> None:
    ulla = company.connect("ulla")
    sven = company.portal.as_("sven")

    second = company.come_back(sven, sent(sven.post(CONNECT)))
    again = ulla.post(CONNECT)

    assert REFUSED in second.text
    assert "Your account is connected already." in again.text
    assert company.identities() == [("a1b2c3", "ulla")]


def test_a_disconnected_account_is_logged_in_by_its_password_alone(company: Company) -> None:
    ulla = company.connect("ulla")

    answer = ulla.post(DISCONNECT)

    assert answer.headers["location"] == "/account/"
    assert company.identities() == []
    assert REFUSED in company.log_in().text
    assert company.portal.as_("ulla").is_logged_in()


def test_somebody_new_gets_an_account_with_the_providers_names(company: Company) -> None:
    company.save_people()

    browser = arrive(company, groups=["API team", "other"])

    user = company.portal.person(f"zoe.ng@{DOMAIN}")
    assert (user.role, user.email, user.full_name) == ("staff", f"Zoe.Ng@{DOMAIN}", "Zoe Ng")
    assert user.org_id == company.org_id
    assert not user.must_change_password
    assert "person.added" in company.portal.actions()
    page = browser.get("/account/").text
    assert "Your account has no password" in page
    assert "/accounts/password/" not in page


def test_an_account_is_made_once(company: Company) -> None:
    company.save_people()
    arrive(company)
    arrive(company, email=f"renamed@{DOMAIN}")

    assert company.identities() == [("n1", f"zoe.ng@{DOMAIN}")]


def test_a_username_that_is_taken_gets_another_form(company: Company) -> None:
    company.save_people()
    company.portal.run(f"UPDATE person SET username = 'zoe.ng@{DOMAIN}' WHERE username = 'bo'")

    arrive(company)

    assert company.identities() == [("n1", "zoe.ng")]


def test_nobody_gets_an_account_where_that_is_not_chosen(company: Company) -> None:
    company.provider.person = dict(NEW)

    assert REFUSED in company.log_in().text


ROLES = [
    ([], "user"),
    (["API team"], "staff"),
    ("API team", "staff"),
    (["admins"], "staff"),  # the cap
    (["admins", "API team"], "staff"),
    (["ADMINS"], "user"),
    ({"admins": True}, "user"),
    (None, "user"),
]


@pytest.mark.parametrize(("groups", "role"), ROLES)
def test_the_claim_gives_the_role_and_never_more_than_the_highest(
    company: Company, groups: object, role: str
) -> None:
    company.save_people()
    arrive(company, groups=groups)

    assert company.portal.person(f"zoe.ng@{DOMAIN}").role == role


def test_a_claim_in_an_object_is_found_by_its_path(company: Company) -> None:
    company.save_people(role_claim="realm_access.roles")
    arrive(company, realm_access={"roles": ["API team"]})

    assert company.portal.person(f"zoe.ng@{DOMAIN}").role == "staff"


def test_a_claim_that_is_gone_lowers_the_role_at_the_next_login(company: Company) -> None:
    company.save_people(highest_role="admin")
    arrive(company, groups=["admins"])
    first = company.portal.person(f"zoe.ng@{DOMAIN}").role
    arrive(company)

    assert (first, company.portal.person(f"zoe.ng@{DOMAIN}").role) == ("admin", "user")
    assert "person.role_changed" in company.portal.actions()


def test_without_a_claim_the_role_is_what_administrators_gave(company: Company) -> None:
    company.save_people(role_claim="", default_role="staff")
    arrive(company, groups=["admins"])
    user = company.portal.person(f"zoe.ng@{DOMAIN}")
    users.set_role(company.portal.environment.context, OPERATOR, user.org_id, user.id, "user")
    arrive(company)

    assert user.role == "staff"
    assert company.portal.person(f"zoe.ng@{DOMAIN}").role == "user"


def test_the_last_administrator_and_the_one_for_emergencies_keep_their_role(
    company: Company,
) -> None:
    company.save_people()
    company.connect("anna")
    company.log_in()
    emergency = company.portal.person("anna").role
    nora = company.portal.person("nora").id
    anna = company.portal.as_("anna")
    anna.post("/team/single-sign-on/on/", emergency=str(nora))
    company.portal.run("UPDATE person SET role = 'user' WHERE username IN ('nora', 'nils')")
    company.log_in()

    assert (emergency, company.portal.person("anna").role) == ("admin", "admin")


def test_a_claim_lowers_an_administrator_who_is_not_the_last(company: Company) -> None:
    company.save_people()
    company.connect("nora")

    company.log_in()

    assert company.portal.person("nora").role == "user"


def test_claims_that_the_id_token_lacks_come_from_the_userinfo_endpoint(
    company: Company, clock: Clock
) -> None:
    company.save_people()
    clock.advance(3601)
    company.provider.userinfo = {**NEW, "groups": ["API team"]}
    company.provider.person = {"sub": "n1"}

    assert company.log_in().status_code == 303
    assert company.portal.person(f"zoe.ng@{DOMAIN}").role == "staff"


def test_who_arrived_stays_connected_until_they_have_a_password(company: Company) -> None:
    company.save_people()
    browser = arrive(company)
    company.portal.run(
        "UPDATE proof SET at = (SELECT last_seen_at FROM session WHERE id_digest = session_digest)"
    )

    answer = browser.post(DISCONNECT)

    assert answer.status_code == 409
    assert "Your account has no password of its own yet." in answer.text


def test_an_initial_password_no_longer_works_once_its_account_is_connected(
    company: Company,
) -> None:
    company.require()
    nils = company.portal.browser()
    company.come_back(nils, sent(nils.log_in("nils")))

    assert company.identities() == [("a1b2c3", "nils")]
    assert nils.get("/account/").status_code == 200
    assert company.portal.browser().log_in("nils").status_code == 400


def test_connected_accounts_of_another_issuer_do_not_count(company: Company) -> None:
    company.connect("sven")
    company.portal.run("UPDATE single_sign_on_identity SET issuer = 'https://old.example'")

    assert REFUSED in company.log_in().text


def test_two_organizations_may_share_an_issuer_and_a_subject(company: Company) -> None:
    """As with Google, whose issuer all companies have; each connects its own account."""
    bolt = Company(company.portal, company.provider, "bo")
    bolt.set_up("bolt.example")
    company.connect("sven")
    refused = bolt.log_in()
    bolt.connect("bo")

    assert REFUSED in refused.text
    assert company.identities() == [("a1b2c3", "bo"), ("a1b2c3", "sven")]
    for each, landed in ((company, "sven"), (bolt, "bo")):
        browser = company.portal.browser()
        each.log_in(browser)
        assert landed in browser.get("/account/").text


@pytest.mark.parametrize("path", [CONNECT, DISCONNECT])
def test_without_a_provider_nothing_is_connected(company: Company, path: str) -> None:
    bo = company.portal.as_("bo")

    bo.post(path, current_password=NEW_PASSWORD)

    assert company.identities() == []
