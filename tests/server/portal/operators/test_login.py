"""Operators log in as everybody does, and land in the console."""

from collections.abc import Callable

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users.operators import invitations, operations
from gatepass.server.domain.users.operators.model import Roles, check_roles
from gatepass.testing import Clock
from gatepass.wire.credential import Mode
from server.portal.factors.people import add_app
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, PortalServer
from server.portal.mailbox import MailingPortal
from server.portal.operators.people import add_operator, add_operators

CONSOLE = "/console/"


def test_an_operator_lands_in_the_console_which_says_their_roles(operated: PortalServer) -> None:
    browser = operated.browser()

    landed = browser.log_in("mara")

    page = browser.get(CONSOLE).text
    assert landed.headers["location"] == CONSOLE
    assert "Account manager" in page
    assert "Owner" not in page
    assert "/team/" not in page
    assert browser.get("/").headers["location"] == CONSOLE


def test_the_page_that_was_asked_for_before_the_login_is_opened_after_it(
    operated: PortalServer,
) -> None:
    landed = operated.browser().log_in("olga", next="/oauth2/applications/")

    assert landed.headers["location"] == "/oauth2/applications/"


def test_somebody_without_a_role_lands_on_their_account(operated: PortalServer) -> None:
    landed = operated.browser().log_in("nico")

    assert landed.headers["location"] == "/account/"


def test_the_first_login_leads_over_a_new_password_and_a_second_factor(
    portal: PortalServer, clock: Clock
) -> None:
    add_operator(portal, "olga", check_roles(["owner"], Mode))
    browser = portal.browser()
    browser.log_in("olga")

    first = browser.get(CONSOLE).headers["location"]
    browser.post(
        "/accounts/password/",
        current_password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_again=NEW_PASSWORD,
    )
    second = browser.get(CONSOLE).headers["location"]
    add_app(browser, clock)

    assert (first, second) == ("/accounts/password/", "/account/factors/")
    assert browser.get(CONSOLE).status_code == 200


def test_a_role_that_is_taken_away_opens_nothing_at_the_next_request(
    operated: PortalServer,
) -> None:
    browser = operated.as_("mara")
    before = browser.get(CONSOLE).status_code
    nothing: Roles = dict.fromkeys(Mode, frozenset())

    operations.set_roles(
        operated.environment.context, OPERATOR, None, operated.person("mara").id, nothing
    )

    assert (before, browser.get(CONSOLE).status_code) == (200, 403)


def test_an_owner_of_the_sandbox_alone_is_no_owner_of_the_applications_in_production(
    operated: PortalServer,
) -> None:
    operations.set_roles(
        operated.environment.context,
        OPERATOR,
        None,
        operated.person("stan").id,
        {Mode.LIVE: frozenset(), Mode.TEST: frozenset({"owner"})},
    )
    stan = operated.as_("stan")

    assert stan.get(CONSOLE).status_code == 200
    assert stan.get("/oauth2/applications/register/").status_code == 403
    assert "Register" in operated.as_("olga").get("/oauth2/applications/").text


def test_a_portal_role_that_a_provider_gave_makes_nobody_an_owner(operated: PortalServer) -> None:
    operated.run("UPDATE person SET role = 'admin' WHERE username = 'nico'")

    nico = operated.as_("nico")

    assert nico.get("/oauth2/applications/").status_code == 403
    assert nico.get("/team/policies/").status_code == 403


def test_the_sandbox_does_not_take_an_operator_for_a_partner(
    make_portal: Callable[..., PortalServer],
) -> None:
    portal = make_portal(sandbox_identity="production")
    add_operators(portal)
    olga = portal.as_("olga")

    answer = olga.get("/accounts/sandbox/", {"challenge": "c" * 43})

    assert answer.status_code == 403


def test_an_invitation_gives_the_roles_that_it_was_made_with(mailing: MailingPortal) -> None:
    add_operator(mailing, "olga", check_roles(["owner"], Mode))
    context = mailing.environment.context
    invitations.invite(
        context,
        OPERATOR,
        None,
        email="cleo@operator.example",
        roles=check_roles(["security"], [Mode.TEST]),
        organization="The Operator",
    )
    [path] = mailing.paths("cleo@operator.example")

    accepted = mailing.browser().post(
        path, username="cleo", new_password=PASSWORD, new_password_again=PASSWORD
    )

    assert accepted.status_code == 303, accepted.text
    cleo = operations.find(context, mailing.person("cleo").id)
    assert cleo
    assert cleo.roles == {Mode.TEST: {"security"}}
    assert mailing.actions().count("operator.added") == 2


@pytest.mark.parametrize("path", ["/team/", "/team/add/", "/activity/"])
def test_an_owner_sees_the_activity_of_operators_and_no_team(
    operated: PortalServer, path: str
) -> None:
    answer = operated.as_("olga").get(path)

    assert answer.status_code == (200 if path == "/activity/" else 403)
