"""A second factor that a policy requires, and factors that an administrator or operator resets."""

from collections.abc import Callable

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import OPERATOR as OPERATORS
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.portal.factors.authenticator import Authenticator
from server.portal.factors.people import (
    APPS,
    CODES,
    FACTORS,
    PASSKEYS,
    SECOND_STEP,
    add_app,
    add_passkey,
    recovery_codes,
)
from server.portal.fixtures import PortalServer
from server.portal.mailbox import MailingPortal

SVEN = "sven@acme.example"
TABLES = "passkey", "authenticator_app", "recovery_code", "pending_login", "used_challenge"
CONFINED = "/oauth2/applications/", "/team/", "/account/", "/activity/"


def require_factor(portal: PortalServer, *, by_operator: bool = False) -> None:
    owner = OPERATORS if by_operator else portal.person("anna").org_id
    with portal.environment.database.write() as connection:
        policies.put(connection, owner, StatedPolicy(second_factor="required"))


@pytest.mark.spec("ASVS", "6.3.3")
@pytest.mark.parametrize("by_operator", [False, True])
def test_who_has_no_factor_can_only_set_one_up(portal: PortalServer, *, by_operator: bool) -> None:
    require_factor(portal, by_operator=by_operator)
    browser = portal.as_("anna")

    for path in CONFINED:
        response = browser.get(path)
        assert (response.status_code, response.headers["location"]) == (303, FACTORS)
    assert [browser.get(path).status_code for path in (FACTORS, APPS, PASSKEYS)] == [200] * 3
    assert "Set up a second factor to go on." in browser.get(FACTORS).text
    assert browser.post("/oauth2/applications/register/", name="x").status_code == 303
    assert portal.rows("SELECT * FROM application") == []


def test_whoever_has_set_one_up_goes_on(portal: PortalServer, clock: Clock) -> None:
    require_factor(portal)
    browser = portal.as_("anna")

    add_app(browser, clock)

    assert browser.get("/team/").status_code == 200


def test_people_of_other_organizations_need_none(portal: PortalServer) -> None:
    require_factor(portal)

    assert portal.as_("bo").get("/team/").status_code == 200


def test_a_recovery_code_that_was_the_proof_is_enough(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)
    [code, *_] = recovery_codes(browser)
    require_factor(portal)
    again = portal.browser()
    again.log_in("anna")

    again.post(SECOND_STEP, recovery_code=code)

    assert again.get("/team/").status_code == 200


def test_somebody_who_came_by_single_sign_on_needs_none_here(portal: PortalServer) -> None:
    require_factor(portal)
    browser = portal.as_("anna")
    portal.run("UPDATE proof SET method = 'single_sign_on'")

    assert browser.get("/team/").status_code == 200


def test_the_last_factor_stays_where_it_is_required(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)
    require_factor(portal)
    [(known,)] = portal.rows("SELECT id FROM authenticator_app")

    refused = browser.post(f"{FACTORS}{known}/remove/")

    assert refused.status_code == 400
    assert "requires a second factor" in refused.text
    add_passkey(browser, Authenticator())
    assert browser.post(f"{FACTORS}{known}/remove/").status_code == 303


def test_an_initial_password_is_changed_before_a_factor_is_set_up(portal: PortalServer) -> None:
    require_factor(portal)
    browser = portal.as_("nils")

    assert browser.get(FACTORS).headers["location"] == "/accounts/password/"


@pytest.mark.spec("ASVS", "6.4.4")
def test_an_administrator_resets_the_factors_of_a_member(
    mailing: MailingPortal, clock: Clock
) -> None:
    mailing.confirm("sven", SVEN)
    sven, anna = mailing.as_("sven"), mailing.as_("anna")
    add_app(sven, clock)
    mailing.mails()
    user_id = mailing.person("sven").id
    assert "1 set up, 10 recovery codes left" in anna.get(f"/team/{user_id}/").text

    done = anna.post(f"/team/{user_id}/factors/reset/")

    assert done.status_code == 303
    assert not sven.is_logged_in()
    assert "Your second factors were removed" in mailing.as_("sven").get("/account/").text
    subjects = [mail["Subject"] for mail in mailing.mails() if mail["To"] == SVEN]
    assert "Your second factors were removed" in subjects
    assert "person.factors_reset" in mailing.actions()
    assert mailing.rows("SELECT * FROM recovery_code") == []


def test_nobody_resets_their_own_factors(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    add_app(anna, clock)

    refused = anna.post(f"/team/{portal.person('anna').id}/factors/reset/")

    assert refused.status_code == 400
    assert portal.rows("SELECT count(*) FROM authenticator_app") == [(1,)]


def test_after_a_reset_by_the_operator_the_password_is_enough(
    portal: PortalServer, clock: Clock
) -> None:
    add_app(portal.as_("anna"), clock)
    anna = portal.person("anna")

    removed = factors.reset(portal.environment.context, OPERATOR, anna.org_id, anna.id)

    assert removed == 1
    assert portal.as_("anna").is_logged_in()


def test_on_the_tables_of_the_version_before_the_login_needs_the_password_alone(
    make_portal: Callable[..., PortalServer],
) -> None:
    portal = make_portal()
    for table in TABLES:
        portal.run(f"DROP TABLE {table}")
    portal.run("UPDATE gatepass_schema SET revision = '0014'")
    portal.close()
    portal = make_portal(auto_migrate=False)

    browser = portal.as_("anna")
    sven = portal.person("sven").id

    assert browser.get("/account/").status_code == 200
    assert browser.get(f"/team/{sven}/").status_code == 200
    assert browser.get(FACTORS).status_code == 503
    assert browser.post(CODES).status_code == 503
    assert browser.post(f"/team/{sven}/factors/reset/").status_code == 503
    assert "data-passkey" not in portal.browser().get("/accounts/login/").text
    maintenance.prune(portal.environment)
