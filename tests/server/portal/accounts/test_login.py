"""Logging in, and what a refused login gives away."""

import json
import re
from html import unescape
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.password_hashing import run
from gatepass.server.domain.users.passwords import PasswordSettings
from gatepass.wire.secret import Secret
from server.portal.conftest import MakeRig
from server.portal.fixtures import CHEAP, NEW_PASSWORD, PASSWORD, Rig, without_what_varies

WRONG = "The username or the password is wrong."


def test_the_right_password_opens_the_portal(rig: Rig) -> None:
    browser = rig.browser()

    answer = browser.log_in("anna")

    assert (answer.status_code, answer.headers["location"]) == (303, "/oauth2/applications/")
    assert "Acme Energy" in browser.get("/oauth2/applications/").text


def test_a_username_is_known_in_any_case(rig: Rig) -> None:
    assert rig.browser().log_in(" ANNA ").status_code == 303


@pytest.mark.spec("ASVS", "6.3.8")
@pytest.mark.parametrize("username", ["nobody", "disabled", "x" * 4000, "näme", "a\tb"])
def test_an_unknown_username_is_answered_as_a_wrong_password_is(rig: Rig, username: str) -> None:
    if username == "disabled":
        people.set_enabled(
            rig.environment.context,
            OPERATOR,
            rig.person("sven").org_id,
            rig.person("sven").id,
            enabled=False,
        )
        username, password = "sven", PASSWORD
    else:
        password = "not the password"

    known = rig.browser().log_in("anna", "not the password")
    other = rig.browser().log_in(username, password)

    assert known.status_code == other.status_code == 400
    assert WRONG in other.text
    assert without_what_varies(known.text, 'value="anna"') == without_what_varies(
        unescape(other.text), f'value="{username}"'
    )
    assert set(known.headers) == set(other.headers)


@pytest.mark.spec("ASVS", "6.3.8")
def test_an_unknown_username_makes_as_many_hashes_as_a_known_one(make_rig: MakeRig) -> None:
    rig = make_rig()
    counted: list[str | None] = []
    hasher = rig.environment.hasher

    class Counting:
        pool = hasher.pool

        def verify(self, password: Secret, kept: str | None) -> bool:
            counted.append(kept)
            return hasher.verify(password, kept)

    rig.environment.hasher = Counting()  # type: ignore[assignment]
    rig.browser().log_in("anna", "wrong")
    rig.browser().log_in("nobody", "wrong")

    assert len(counted) == 2
    assert counted[0] is not None
    assert counted[1] is None


def test_the_username_is_kept_in_the_form_and_the_password_is_not(rig: Rig) -> None:
    answer = rig.browser().log_in("anna", "hunter-two-hunter-two")

    assert 'value="anna"' in answer.text
    assert "hunter-two" not in answer.text


def test_people_of_a_suspended_organization_cannot_log_in(rig: Rig) -> None:
    organizations.set_suspended(
        rig.environment.context, OPERATOR, rig.person("anna").org_id, suspended=True
    )

    assert rig.browser().log_in("anna").status_code == 400


def test_a_production_login_is_nothing_in_the_sandbox(rig: Rig) -> None:
    browser = rig.browser(sandbox=True)
    browser.client.cookies = rig.as_("anna").client.cookies

    assert not browser.is_logged_in()
    assert browser.log_in("anna").status_code == 400


@pytest.mark.parametrize("change", ["disabled_at = 1", "password_hash = 'another'"])
def test_what_changes_while_the_password_is_checked_counts(rig: Rig, change: str) -> None:
    hasher = rig.environment.hasher

    class Slow:
        pool = hasher.pool

        def verify(self, password: Secret, kept: str | None) -> bool:
            rig.run(f"UPDATE person SET {change} WHERE username = 'anna'")
            return hasher.verify(password, kept)

        def is_outdated(self, kept: str) -> bool:
            return hasher.is_outdated(kept)

    rig.environment.hasher = Slow()  # type: ignore[assignment]

    assert rig.browser().log_in("anna").status_code == 400
    assert rig.rows("SELECT count(*) FROM session") == [(0,)]


def test_a_login_rehashes_what_was_made_with_other_parameters(make_rig: MakeRig) -> None:
    rig = make_rig(password=PasswordSettings(time_cost=3, memory_kib=8 * 1024))
    before = rig.person("anna").password_hash

    rig.as_("anna")

    after = rig.person("anna").password_hash
    assert before
    assert after
    assert "t=1" in before
    assert "t=3" in after
    rig.as_("anna")
    assert rig.person("anna").password_hash == after


def test_a_login_with_the_same_parameters_keeps_the_hash(make_rig: MakeRig) -> None:
    rig = make_rig(password=CHEAP)
    before = rig.person("anna").password_hash

    rig.as_("anna")

    assert rig.person("anna").password_hash == before


def test_every_login_and_refusal_is_in_the_audit_trail(rig: Rig) -> None:
    browser = rig.browser()
    browser.log_in("anna", "wrong")
    browser.log_in("hunter2hunter2", "wrong")
    browser.log_in("anna")
    browser.post("/accounts/logout/")

    told = rig.rows(
        "SELECT action, actor, result, source, detail FROM audit ORDER BY id DESC LIMIT 4"
    )
    assert told[::-1] == [
        ("login.refused", "anna", "refused", "203.0.113.7", '{"reason": "wrong password"}'),
        ("login.refused", "unknown", "refused", "203.0.113.7", '{"reason": "unknown username"}'),
        ("login", "anna", "ok", "203.0.113.7", "{}"),
        ("logout", "anna", "ok", "203.0.113.7", "{}"),
    ]


def test_what_is_typed_as_an_unknown_username_is_kept_nowhere(rig: Rig) -> None:
    rig.browser().log_in("my-password-by-mistake", "anna")

    assert b"my-password-by-mistake" not in rig.dump()


@pytest.mark.spec("ASVS", "16.2.5")
def test_no_password_session_or_secret_is_in_the_log(rig: Rig) -> None:
    with capture_logs() as logged:
        browser = rig.browser()
        browser.log_in("anna", "a wrong password, typed")
        for _ in range(6):
            browser.log_in("nobody", "another wrong password")
        rig.clock.wait(900)
        browser.log_in("anna")
        secret = browser.get(browser.register() + "credentials/").text
        browser.send("/accounts/logout/", {"csrf": "x"})

    told = json.dumps(logged, default=str)
    assert "login.throttled" in told
    assert "wrong csrf token" in told
    secrets = ["a wrong password", "another wrong", PASSWORD, *re.findall(r"gps_live_\w+", secret)]
    assert len(secrets) > 3
    assert not [each for each in [*secrets, *browser.client.cookies.values()] if each in told]


def test_a_login_page_sends_on_who_is_logged_in(rig: Rig) -> None:
    answer = rig.as_("anna").get("/accounts/login/?next=/team/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/team/")


def test_the_page_that_was_asked_for_follows_the_login(rig: Rig) -> None:
    browser = rig.browser()
    sent = browser.get("/team/")
    assert (sent.status_code, sent.headers["location"]) == (303, "/accounts/login/?next=/team/")
    assert 'name="next" value="/team/"' in browser.get(sent.headers["location"]).text

    assert browser.log_in("anna", next="/team/").headers["location"] == "/team/"


def test_a_user_lands_on_their_account(rig: Rig) -> None:
    browser = rig.browser()

    assert browser.log_in("ulla").headers["location"] == "/account/"
    assert browser.get("/").headers["location"] == "/account/"


def test_a_password_longer_than_any_accepted_is_refused_like_a_wrong_one(rig: Rig) -> None:
    assert rig.browser().log_in("anna", PASSWORD + "x" * 3000).status_code == 400
    assert rig.browser().log_in("anna", NEW_PASSWORD).status_code == 400


@pytest.mark.parametrize(
    "typed", ["nora@acme.example", " NORA@Acme.example ", "\uff4eora@acme.example"]
)
def test_people_log_in_with_their_email_address_however_it_is_spelled(rig: Rig, typed: str) -> None:
    browser = rig.browser()

    assert browser.log_in(typed).status_code == 303
    assert "nora" in browser.get("/account/").text


def give_access(rig: Rig, username: str, email: str, whose: str) -> None:
    people.add_with_access(
        rig.environment.context,
        OPERATOR,
        rig.person(whose).org_id,
        username=username,
        email=email,
        role="user",
        initial=run(people.new_password(rig.environment.hasher)),
    )


def test_an_address_that_two_people_have_logs_nobody_in(rig: Rig) -> None:
    give_access(rig, "other-nora", "Nora@acme.example", "bo")

    answer = rig.browser().log_in("nora@acme.example")

    assert answer.status_code == 400
    assert WRONG in answer.text
    assert rig.browser().log_in("nora").status_code == 303


def test_an_address_of_somebody_without_portal_access_keeps_nobody_out(rig: Rig) -> None:
    now = rig.environment.now()
    of_api = User(uuid4(), rig.person("bo").org_id, "user", now, now, email="nora@acme.example")
    people.add(rig.environment.context, OPERATOR, of_api)

    assert rig.browser().log_in("nora@acme.example").status_code == 303


def test_a_username_goes_before_the_same_address(rig: Rig) -> None:
    give_access(rig, "nora@acme.example", "somebody@bolt.example", "bo")

    assert rig.browser().log_in("nora@acme.example").status_code == 400


def test_the_spellings_of_an_address_have_their_failures_counted_together(rig: Rig) -> None:
    spellings = ["nora@acme.example", "NORA@acme.example", "\uff4eora@acme.example"]
    statuses = [rig.browser().log_in(spellings[each % 3], "wrong").status_code for each in range(6)]

    assert statuses == [400] * 5 + [429]


def test_the_own_browser_has_limits_of_its_own_for_the_address_too(rig: Rig) -> None:
    mine = rig.browser()
    mine.log_in("nora@acme.example")
    mine.post("/accounts/logout/")
    stranger = rig.browser("198.51.100.9")
    for _ in range(6):
        stranger.log_in("nora@acme.example", "wrong")

    assert stranger.log_in("nora@acme.example").status_code == 429
    assert mine.log_in("nora@acme.example").status_code == 303
