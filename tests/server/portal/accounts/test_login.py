"""Logging in, and what a refused login gives away."""

import json
import re
from html import unescape
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.passwords.passwords import PasswordSettings
from gatepass.wire.secret import Secret
from server.portal.conftest import MakePortal
from server.portal.fixtures import CHEAP, NEW_PASSWORD, PASSWORD, PortalServer, without_what_varies

WRONG = "The username or the password is wrong."


def test_the_right_password_opens_the_portal(portal: PortalServer) -> None:
    browser = portal.browser()

    response = browser.log_in("anna")

    assert (response.status_code, response.headers["location"]) == (303, "/oauth2/applications/")
    assert "Acme Energy" in browser.get("/oauth2/applications/").text


def test_a_username_is_known_in_any_case(portal: PortalServer) -> None:
    assert portal.browser().log_in(" ANNA ").status_code == 303


@pytest.mark.spec("ASVS", "6.3.8")
@pytest.mark.parametrize("username", ["nobody", "disabled", "x" * 4000, "näme", "a\tb"])
def test_an_unknown_username_is_answered_as_a_wrong_password_is(
    portal: PortalServer, username: str
) -> None:
    if username == "disabled":
        people.set_enabled(
            portal.environment.context,
            OPERATOR,
            portal.person("sven").org_id,
            portal.person("sven").id,
            enabled=False,
        )
        username, password = "sven", PASSWORD
    else:
        password = "not the password"

    known = portal.browser().log_in("anna", "not the password")
    other = portal.browser().log_in(username, password)

    assert known.status_code == other.status_code == 400
    assert WRONG in other.text
    assert without_what_varies(known.text, 'value="anna"') == without_what_varies(
        unescape(other.text), f'value="{username}"'
    )
    assert set(known.headers) == set(other.headers)


@pytest.mark.spec("ASVS", "6.3.8")
def test_an_unknown_username_makes_as_many_hashes_as_a_known_one(make_portal: MakePortal) -> None:
    portal = make_portal()
    counted: list[str | None] = []
    hasher = portal.environment.hasher

    class Counting:
        pool = hasher.pool

        def verify(self, password: Secret, kept: str | None) -> bool:
            counted.append(kept)
            return hasher.verify(password, kept)

    portal.environment.hasher = Counting()  # type: ignore[assignment]
    portal.browser().log_in("anna", "wrong")
    portal.browser().log_in("nobody", "wrong")

    assert len(counted) == 2
    assert counted[0] is not None
    assert counted[1] is None


def test_the_username_is_kept_in_the_form_and_the_password_is_not(portal: PortalServer) -> None:
    response = portal.browser().log_in("anna", "hunter-two-hunter-two")

    assert 'value="anna"' in response.text
    assert "hunter-two" not in response.text


def test_people_of_a_suspended_organization_cannot_log_in(portal: PortalServer) -> None:
    organization_lifecycle.set_suspended(
        portal.environment.context, OPERATOR, portal.person("anna").org_id, suspended=True
    )

    assert portal.browser().log_in("anna").status_code == 400


def test_a_production_login_is_nothing_in_the_sandbox(portal: PortalServer) -> None:
    browser = portal.browser(sandbox=True)
    browser.client.cookies = portal.as_("anna").client.cookies

    assert not browser.is_logged_in()
    assert browser.log_in("anna").status_code == 400


@pytest.mark.parametrize("change", ["disabled_at = 1", "password_hash = 'another'"])
def test_what_changes_while_the_password_is_checked_counts(
    portal: PortalServer, change: str
) -> None:
    hasher = portal.environment.hasher

    class Slow:
        pool = hasher.pool

        def verify(self, password: Secret, kept: str | None) -> bool:
            portal.run(f"UPDATE person SET {change} WHERE username = 'anna'")
            return hasher.verify(password, kept)

        def is_outdated(self, kept: str) -> bool:
            return hasher.is_outdated(kept)

    portal.environment.hasher = Slow()  # type: ignore[assignment]

    assert portal.browser().log_in("anna").status_code == 400
    assert portal.rows("SELECT count(*) FROM session") == [(0,)]


def test_a_login_rehashes_what_was_made_with_other_parameters(make_portal: MakePortal) -> None:
    portal = make_portal(password=PasswordSettings(time_cost=3, memory_kib=8 * 1024))
    before = portal.person("anna").password_hash

    portal.as_("anna")

    after = portal.person("anna").password_hash
    assert before
    assert after
    assert "t=1" in before
    assert "t=3" in after
    portal.as_("anna")
    assert portal.person("anna").password_hash == after


def test_a_login_with_the_same_parameters_keeps_the_hash(make_portal: MakePortal) -> None:
    portal = make_portal(password=CHEAP)
    before = portal.person("anna").password_hash

    portal.as_("anna")

    assert portal.person("anna").password_hash == before


def test_every_login_and_refusal_is_in_the_audit_trail(portal: PortalServer) -> None:
    browser = portal.browser()
    browser.log_in("anna", "wrong")
    browser.log_in("hunter2hunter2", "wrong")
    browser.log_in("anna")
    browser.post("/accounts/logout/")

    told = portal.rows(
        "SELECT action, actor, result, source, detail FROM audit ORDER BY id DESC LIMIT 4"
    )
    assert told[::-1] == [
        ("login.refused", "anna", "refused", "203.0.113.7", '{"reason": "wrong password"}'),
        ("login.refused", "unknown", "refused", "203.0.113.7", '{"reason": "unknown username"}'),
        ("login", "anna", "ok", "203.0.113.7", '{"methods": "password"}'),
        ("logout", "anna", "ok", "203.0.113.7", "{}"),
    ]


def test_what_is_typed_as_an_unknown_username_is_kept_nowhere(portal: PortalServer) -> None:
    portal.browser().log_in("my-password-by-mistake", "anna")

    assert b"my-password-by-mistake" not in portal.dump()


@pytest.mark.spec("ASVS", "16.2.5")
def test_no_password_session_or_secret_is_in_the_log(portal: PortalServer) -> None:
    with capture_logs() as logged:
        browser = portal.browser()
        browser.log_in("anna", "a wrong password, typed")
        for _ in range(6):
            browser.log_in("nobody", "another wrong password")
        portal.clock.advance(900)
        browser.log_in("anna")
        secret = browser.get(browser.register() + "credentials/").text
        browser.send("/accounts/logout/", {"csrf": "x"})

    told = json.dumps(logged, default=str)
    assert "login.throttled" in told
    assert "wrong csrf token" in told
    secrets = ["a wrong password", "another wrong", PASSWORD, *re.findall(r"gps_live_\w+", secret)]
    assert len(secrets) > 3
    assert not [each for each in [*secrets, *browser.client.cookies.values()] if each in told]


def test_a_login_page_sends_on_who_is_logged_in(portal: PortalServer) -> None:
    response = portal.as_("anna").get("/accounts/login/?next=/team/")

    assert (response.status_code, response.headers["location"]) == (303, "/team/")


def test_the_page_that_was_asked_for_follows_the_login(portal: PortalServer) -> None:
    browser = portal.browser()
    sent = browser.get("/team/")
    assert (sent.status_code, sent.headers["location"]) == (303, "/accounts/login/?next=/team/")
    assert 'name="next" value="/team/"' in browser.get(sent.headers["location"]).text

    assert browser.log_in("anna", next="/team/").headers["location"] == "/team/"


def test_a_user_lands_on_their_account(portal: PortalServer) -> None:
    browser = portal.browser()

    assert browser.log_in("ulla").headers["location"] == "/account/"
    assert browser.get("/").headers["location"] == "/account/"


def test_a_password_longer_than_any_accepted_is_refused_like_a_wrong_one(
    portal: PortalServer,
) -> None:
    assert portal.browser().log_in("anna", PASSWORD + "x" * 3000).status_code == 400
    assert portal.browser().log_in("anna", NEW_PASSWORD).status_code == 400


@pytest.mark.parametrize(
    "typed", ["nora@acme.example", " NORA@Acme.example ", "\uff4eora@acme.example"]
)
def test_people_log_in_with_their_email_address_however_it_is_spelled(
    portal: PortalServer, typed: str
) -> None:
    browser = portal.browser()

    assert browser.log_in(typed).status_code == 303
    assert "nora" in browser.get("/account/").text


def give_access(portal: PortalServer, username: str, email: str, whose: str) -> None:
    initial_passwords.add_with_access(
        portal.environment.context,
        OPERATOR,
        portal.person(whose).org_id,
        username=username,
        email=email,
        role="user",
        initial=run(initial_passwords.new_password(portal.environment.hasher)),
    )


def test_an_address_that_two_people_have_logs_nobody_in(portal: PortalServer) -> None:
    give_access(portal, "other-nora", "Nora@acme.example", "bo")

    response = portal.browser().log_in("nora@acme.example")

    assert response.status_code == 400
    assert WRONG in response.text
    assert portal.browser().log_in("nora").status_code == 303


def test_an_address_of_somebody_without_portal_access_keeps_nobody_out(
    portal: PortalServer,
) -> None:
    now = portal.environment.now()
    of_api = User(uuid4(), portal.person("bo").org_id, "user", now, now, email="nora@acme.example")
    people.add(portal.environment.context, OPERATOR, of_api)

    assert portal.browser().log_in("nora@acme.example").status_code == 303


def test_a_username_goes_before_the_same_address(portal: PortalServer) -> None:
    give_access(portal, "nora@acme.example", "somebody@bolt.example", "bo")

    assert portal.browser().log_in("nora@acme.example").status_code == 400


def test_the_spellings_of_an_address_have_their_failures_counted_together(
    portal: PortalServer,
) -> None:
    spellings = ["nora@acme.example", "NORA@acme.example", "\uff4eora@acme.example"]
    statuses = [
        portal.browser().log_in(spellings[each % 3], "wrong").status_code for each in range(6)
    ]

    assert statuses == [400] * 5 + [429]


def test_the_own_browser_has_limits_of_its_own_for_the_address_too(portal: PortalServer) -> None:
    mine = portal.browser()
    mine.log_in("nora@acme.example")
    mine.post("/accounts/logout/")
    stranger = portal.browser("198.51.100.9")
    for _ in range(6):
        stranger.log_in("nora@acme.example", "wrong")

    assert stranger.log_in("nora@acme.example").status_code == 429
    assert mine.log_in("nora@acme.example").status_code == 303
