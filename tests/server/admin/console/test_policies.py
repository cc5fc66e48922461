"""The policies in the console: of the operator, and of an organization."""

import pytest

from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.testing import Clock
from server.admin.console.confirming import confirm, is_asked, sentences
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.sessions.verifying import prove

OPERATORS = "/console/production/policy/"


def acme(operated: PortalServer) -> str:
    return f"/console/production/organizations/{operated.person('anna').org_id}/policy/"


def change(browser: Browser, path: str, **form: str) -> None:
    asked = browser.post(path, **form)
    assert is_asked(asked, path), asked.text
    assert confirm(browser, asked, path).headers["location"] == path


def policy_changes(operated: PortalServer) -> int:
    return operated.actions().count("policy.changed")


def test_a_change_is_made_after_a_page_has_said_what_it_stops(operated: PortalServer) -> None:
    stan, path = operated.as_("stan"), acme(operated)
    before = policy_changes(operated)

    asked = stan.post(path, second_factor="required", session_idle="15m")
    unconfirmed = policy_changes(operated)
    done = confirm(stan, asked, path)

    assert "5 people have no second factor, and set one up at the next login." in sentences(asked)
    assert "Optional" not in asked.text.partition("From now on")[2].partition("</tr>")[0]
    assert (unconfirmed, policy_changes(operated)) == (before, before + 1)
    assert done.headers["location"] == path
    assert 'value="15m"' in stan.get(path).text


def test_sessions_that_a_new_limit_ends_are_counted_and_end(
    operated: PortalServer, clock: Clock
) -> None:
    anna = operated.as_("anna")
    clock.advance(600)
    operated.as_("sven")
    stan, path = operated.as_("stan"), acme(operated)

    asked = stan.post(path, session_idle="5m")
    said = sentences(asked)
    confirm(stan, asked, path)

    longer = "it is longer, or was idle for longer, than the new limits."
    assert said == [f"1 session ends: {longer}"]
    assert not anna.is_logged_in()


def test_staff_who_lose_registration_are_counted(operated: PortalServer) -> None:
    stan, path = operated.as_("stan"), acme(operated)
    change(stan, path, registration="staff")

    asked = stan.post(path, registration="administrators")
    of_operator = stan.post(OPERATORS, registration="administrators")

    expected = ["1 member of staff cannot register applications any more."]
    assert sentences(asked) == expected
    assert sentences(of_operator) == expected


def test_the_policy_of_the_operator_is_in_force_for_every_organization(
    operated: PortalServer,
) -> None:
    stan = operated.as_("stan")

    change(stan, OPERATORS, secret_lifetime="90d", registration="staff")

    assert "90 days" in stan.get(acme(operated)).text
    assert "90 days" in operated.as_("anna").get("/team/policies/").text


def test_an_organization_cannot_be_looser_than_the_operator(operated: PortalServer) -> None:
    stan, path = operated.as_("stan"), acme(operated)
    change(stan, OPERATORS, session_idle="10m")

    refused = stan.post(path, session_idle="20m")

    assert refused.status_code == 400
    assert 'id="session_idle-error"' in refused.text
    assert 'value="20m"' in refused.text


def test_the_environments_have_policies_of_their_own(operated: PortalServer) -> None:
    stan = operated.as_("stan")

    change(stan, "/console/sandbox/policy/", secret_lifetime="7d")

    assert 'value="7d"' in stan.get("/console/sandbox/policy/").text
    assert 'value="7d"' not in stan.get(OPERATORS).text


def test_of_two_who_change_it_at_once_the_second_is_asked_to_look_again(
    operated: PortalServer,
) -> None:
    stan, olga, path = operated.as_("stan"), operated.as_("olga"), acme(operated)
    asked = stan.post(path, session_idle="15m", seen=seen(stan, path))
    change(olga, path, session_idle="10m", seen=seen(olga, path))

    late = confirm(stan, asked, path)

    assert late.status_code == 409
    assert "Somebody has changed this meanwhile" in late.text
    assert 'value="15m"' in late.text
    assert policy_changes(operated) == 2  # with that of the fixture


def seen(browser: Browser, path: str) -> str:
    return (
        browser.get(path)
        .text.partition('name="seen" value="')[2]
        .partition('"')[0]
        .replace("&#34;", '"')
    )


def test_a_form_without_a_change_changes_nothing(operated: PortalServer) -> None:
    stan, before = operated.as_("stan"), policy_changes(operated)

    answer = stan.post(OPERATORS, second_factor="open", registration="open")

    assert answer.headers["location"] == OPERATORS
    assert policy_changes(operated) == before


@pytest.mark.parametrize("text", ["-1", "10", "soon", "9" * 2000, "1s"])
def test_what_is_no_limit_is_said_beside_its_field(operated: PortalServer, text: str) -> None:
    refused = operated.as_("stan").post(OPERATORS, session_idle=text)

    assert refused.status_code == 400
    assert 'id="session_idle-error"' in refused.text


def test_an_account_manager_reads_policies_and_changes_none(operated: PortalServer) -> None:
    mara = operated.as_("mara")

    assert "Change the policy" not in mara.get(OPERATORS).text
    assert mara.post(OPERATORS, session_idle="15m", confirmed="yes").status_code == 403
    assert "Idle limit" in mara.get(acme(operated)).text


def test_a_change_asks_for_a_fresh_proof_before_it_says_what_stops(
    operated: PortalServer, clock: Clock
) -> None:
    stan = operated.as_("stan")
    clock.advance(FRESH.total_seconds() + 1)

    asked = stan.post(OPERATORS, session_idle="15m")
    shown = prove(stan, asked)

    assert asked.status_code == 403
    assert is_asked(shown, OPERATORS)


def test_applications_and_secrets_that_could_not_be_made_any_more_are_counted(
    operated: PortalServer,
) -> None:
    anna = operated.as_("anna")
    anna.register("First", secret_end="never")
    anna.register("Second", secret_end="30")
    anna.register("Third", method="pair")
    stan = operated.as_("stan")

    keys = [stan.post(path, new_applications="keys") for path in (acme(operated), OPERATORS)]
    days = [stan.post(path, secret_lifetime="90d") for path in (acme(operated), OPERATORS)]
    shorter = stan.post(OPERATORS, secret_lifetime="7d")

    assert all("2 applications have a secret, and keep it." in sentences(each) for each in keys)
    said = "1 secret lives longer than the new limit, and keeps its end."
    assert all(said in sentences(each) for each in days)
    assert "2 secrets live longer than the new limit, and keep their end." in sentences(shorter)
