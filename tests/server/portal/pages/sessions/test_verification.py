"""A fresh proof before something sensitive: the form waits, is sent on once, and loses nothing."""

from collections.abc import Callable

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import operations as people
from gatepass.testing import Clock
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, Browser, PortalServer
from server.portal.pages.sessions.verifying import ASKED, VERIFY, hidden, prove
from server.portal.pages.test_registration import GOOD, REGISTER, shown
from server.portal.pages.test_resubmission import suspend

STALE = 600.0  # seconds
CHANGED = {
    "current_password": PASSWORD,
    "new_password": NEW_PASSWORD,
    "new_password_again": NEW_PASSWORD,
}


@pytest.fixture
def anna(portal: PortalServer, clock: Clock) -> Browser:
    """An administrator who logged in ten minutes ago."""
    browser = portal.as_("anna")
    clock.advance(STALE)
    return browser


def applications(portal: PortalServer) -> list[str]:
    return [str(name) for (name,) in portal.rows("SELECT name FROM application ORDER BY name")]


@pytest.mark.spec("ASVS", "7.5.3")
def test_the_form_is_sent_on_after_the_proof_with_all_that_was_typed(
    portal: PortalServer, anna: Browser
) -> None:
    asked = anna.post(REGISTER, **{**GOOD, "name": "Meter <import>"})
    assert (asked.status_code, applications(portal)) == (403, [])
    assert "Nothing was changed yet, and what you typed is kept." in asked.text

    done = prove(anna, asked)

    assert (done.status_code, applications(portal)) == (303, ["Meter <import>"])
    assert shown(anna.get(done.headers["location"]).text, "client-secret")


def test_within_ten_minutes_of_a_proof_nothing_more_is_asked(anna: Browser, clock: Clock) -> None:
    assert prove(anna, anna.post(REGISTER, **GOOD)).status_code == 303

    clock.advance(STALE - 1)
    within = anna.post(REGISTER, **{**GOOD, "name": "Second"})
    clock.advance(1)
    after = anna.post(REGISTER, **{**GOOD, "name": "Third"})

    assert (within.status_code, after.status_code) == (303, 403)
    assert ASKED in after.text


@pytest.mark.spec("ASVS", "7.2.4")
def test_the_session_gets_a_new_id_and_keeps_its_end(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    [name] = [name for name in anna.client.cookies if "session" in name]
    old = anna.client.cookies[name]
    begun = portal.rows("SELECT created_at FROM session")

    prove(anna, anna.post(REGISTER, **GOOD))

    assert anna.client.cookies[name] != old
    assert portal.rows("SELECT created_at FROM session") == begun
    assert anna.is_logged_in()
    thief = portal.browser()
    thief.client.cookies.set(name, old)
    assert not thief.is_logged_in()
    clock.advance(portal.settings.session.absolute - STALE)
    assert not anna.is_logged_in()


@pytest.mark.parametrize("password", ["", "guess"])
def test_a_wrong_password_changes_nothing_and_keeps_the_form(
    portal: PortalServer, anna: Browser, password: str
) -> None:
    asked = anna.post(REGISTER, **GOOD)

    wrong = prove(anna, asked, password)

    assert wrong.status_code == 400
    assert 'id="current_password-error"' in wrong.text
    assert "guess" not in wrong.text
    assert applications(portal) == []
    assert prove(anna, wrong).status_code == 303
    assert applications(portal) == ["Billing sync"]


def test_wrong_proofs_are_logged_and_audited_and_a_right_one_too(
    portal: PortalServer, anna: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = anna.post(REGISTER, **GOOD)
    before = len(portal.actions())

    prove(anna, prove(anna, asked, "guess"))

    actions = portal.actions()[before:]
    assert actions == ["step_up.refused", "step_up", "application.registered"]
    assert "step_up.refused" in capsys.readouterr().out
    activity = anna.get("/activity/").text
    assert "Proved again who they are (password)" in activity
    assert "Wrong proof of who they are (password)" in activity


def test_guessing_the_password_is_slowed_down_as_at_the_login(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    page = anna.post(REGISTER, **GOOD)
    for _ in range(5):
        page = prove(anna, page, "guess")
        assert page.status_code == 400

    refused = prove(anna, page)

    assert refused.status_code == 429
    assert applications(portal) == []
    clock.advance(int(refused.headers["retry-after"]))
    assert prove(anna, refused).status_code == 303


def test_guesses_in_a_session_make_nobody_wait_at_the_login(
    portal: PortalServer, anna: Browser
) -> None:
    page = anna.post(REGISTER, **GOOD)
    for _ in range(6):
        page = prove(anna, page, "guess")

    assert page.status_code == 429
    assert portal.browser("198.51.100.7").log_in("anna").status_code == 303


def test_the_form_that_waits_cannot_be_read_or_forged(portal: PortalServer, anna: Browser) -> None:
    asked = anna.post(REGISTER, **{**GOOD, "name": "Kept"})
    fields = hidden(asked.text)

    for spoilt in ("", "x", fields["saved_form_0"][:-4] + "AAAA"):
        fields = {**hidden(asked.text), "current_password": PASSWORD, "saved_form_0": spoilt}
        response = anna.send(VERIFY, fields)
        assert response.status_code in {303, 403}

    assert "Kept" not in asked.text
    assert b"Kept" not in portal.dump()
    assert applications(portal) == []


def test_a_form_of_somebody_else_is_not_sent_on(portal: PortalServer, anna: Browser) -> None:
    asked = anna.post(REGISTER, **{**GOOD, "name": "Typed by anna"})
    bo = portal.as_("bo")

    response = bo.post(VERIFY, saved_form_0=hidden(asked.text)["saved_form_0"])

    assert response.status_code != 303
    assert applications(portal) == []


def test_another_site_sends_no_proof(portal: PortalServer, anna: Browser) -> None:
    fields = hidden(anna.post(REGISTER, **GOOD).text)

    response = anna.send(
        VERIFY, {**fields, "current_password": PASSWORD}, origin="https://evil.example"
    )

    assert response.status_code == 403
    assert applications(portal) == []


def test_what_is_wrong_with_the_form_is_said_after_the_proof_and_the_session_goes_on(
    portal: PortalServer, anna: Browser
) -> None:
    done = prove(anna, anna.post("/team/add/", username="A b", role="staff"))

    assert done.status_code == 400
    assert 'id="username-error"' in done.text
    assert 'value="A b"' in done.text
    again = hidden(done.text, "/team/add/")
    sent = anna.send("/team/add/", {**again, "username": "zoe", "role": "staff"})
    assert sent.status_code == 303, sent.text
    assert portal.person("zoe").role == "staff"


def test_an_error_page_after_the_proof_keeps_the_session(anna: Browser) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"

    response = prove(anna, anna.post(f"/team/{nobody}/role/", role="user"))

    assert response.status_code == 404
    assert anna.is_logged_in()


def test_who_may_no_longer_send_the_form_is_refused_after_the_proof(
    portal: PortalServer, anna: Browser
) -> None:
    asked = anna.post(REGISTER, **GOOD)
    found = portal.person("anna")
    people.set_role(portal.environment.context, OPERATOR, found.org_id, found.id, "staff")

    response = prove(anna, asked)

    assert response.status_code == 403
    assert applications(portal) == []
    assert anna.is_logged_in()


def test_a_person_of_a_suspended_organization_proves_nothing(
    portal: PortalServer, anna: Browser
) -> None:
    asked = anna.post(REGISTER, **GOOD)
    suspend(portal)

    response = prove(anna, asked)

    assert "suspended" in response.text
    assert applications(portal) == []


def test_a_secret_that_waited_for_the_proof_is_shown(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    clock.advance(STALE)

    done = prove(browser, browser.post(f"{path}rotate/", overlap="86400"))

    assert shown(browser.get(done.headers["location"]).text, "client-secret")


def test_a_proof_that_finds_the_session_ended_leads_to_the_login_and_the_form_comes_back(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    asked = anna.post(REGISTER, **{**GOOD, "name": "Kept"})
    clock.advance(portal.settings.session.idle + 1)

    login = prove(anna, asked)
    assert login.status_code == 403
    assert applications(portal) == []
    page = anna.send(
        "/accounts/login/",
        {**hidden(login.text, "/accounts/login/"), "username": "anna", "password": PASSWORD},
    )

    assert 'value="Kept"' in page.text
    again = hidden(page.text, REGISTER)
    assert anna.send(REGISTER, {**GOOD, **again, "name": "Kept"}).status_code == 303
    assert applications(portal) == ["Kept"]


def test_a_form_that_waits_in_two_tabs_is_done_once(portal: PortalServer, anna: Browser) -> None:
    form = {**GOOD, "once": anna.form_id(REGISTER)}
    first, second = anna.post(REGISTER, **form), anna.post(REGISTER, **form)

    done = prove(anna, first)
    outdated = prove(anna, second)
    again = prove(anna, outdated, "not even asked for")

    assert outdated.status_code == 403
    assert "You have just done so, in another window." in outdated.text
    assert again.headers["location"] == done.headers["location"]
    assert applications(portal) == ["Billing sync"]
    assert portal.actions().count("step_up") == 1


def test_the_original_form_sent_again_after_the_proof_is_shown_again_and_not_acted_on(
    portal: PortalServer, anna: Browser
) -> None:
    before = anna.csrf()
    form = {**GOOD, "once": anna.form_id(REGISTER)}
    prove(anna, anna.post(REGISTER, **form))

    back = anna.send(REGISTER, {**form, "csrf": before})

    assert back.status_code == 403
    assert 'value="Billing sync"' in back.text
    assert applications(portal) == ["Billing sync"]


def test_a_form_that_waited_for_more_than_ten_minutes_is_shown_again(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    asked = anna.post(REGISTER, **{**GOOD, "name": "Kept"})
    clock.advance(STALE)

    page = prove(anna, asked)

    assert page.status_code == 200
    assert 'value="Kept"' in page.text
    assert "Check what you typed, then send it again." in page.text
    assert applications(portal) == []
    assert anna.send(REGISTER, {**GOOD, **hidden(page.text, REGISTER)}).status_code == 303


def test_a_form_that_is_too_long_to_wait_opens_again(portal: PortalServer, anna: Browser) -> None:
    form = {f"field_{number}": "x" * 4000 for number in range(12)}

    asked = anna.post(REGISTER, **GOOD, **form)
    assert "too long to be kept" in asked.text
    done = prove(anna, asked)

    assert (done.status_code, done.headers["location"]) == (303, REGISTER)
    assert applications(portal) == []


def test_the_page_opened_by_itself_leads_on_after_the_proof(anna: Browser) -> None:
    page = anna.get(VERIFY, params={"next": "/team/"})
    assert ASKED in page.text

    done = prove(anna, page)

    assert (done.status_code, done.headers["location"]) == (303, "/team/")
    assert anna.get(VERIFY, params={"next": "/team/"}).headers["location"] == "/team/"
    assert anna.get(VERIFY).headers["location"] == "/oauth2/applications/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_page_leads_to_no_other_host(anna: Browser, target: str) -> None:
    page = anna.get(VERIFY, params={"next": target})

    done = anna.send(VERIFY, {**hidden(page.text), "current_password": PASSWORD, "next": target})

    assert "evil" not in page.text
    assert done.headers["location"] == "/oauth2/applications/"


def test_to_change_the_password_asks_for_it_once(anna: Browser) -> None:
    assert ASKED not in anna.get("/accounts/password/").text

    changed = anna.post("/accounts/password/", **CHANGED)

    assert changed.status_code == 303
    assert anna.post(REGISTER, **GOOD).status_code == 303


def test_an_initial_password_is_changed_however_late(portal: PortalServer, clock: Clock) -> None:
    nils = portal.as_("nils")
    clock.advance(STALE + 1)

    assert nils.post("/accounts/password/", **CHANGED).status_code == 303


def test_on_the_tables_of_the_version_before_each_form_asks_ten_minutes_after_the_login(
    make_portal: Callable[..., PortalServer], clock: Clock
) -> None:
    portal = make_portal()
    portal.run("DROP TABLE proof")
    portal.run("UPDATE gatepass_schema SET revision = '0013'")
    portal.close()
    portal = make_portal(auto_migrate=False)
    browser = portal.as_("anna")
    at_once = browser.post(REGISTER, **GOOD)
    clock.advance(STALE)

    asked = [browser.post(REGISTER, **{**GOOD, "name": "Second"})]
    done = [prove(browser, asked[0])]
    asked.append(browser.post(REGISTER, **{**GOOD, "name": "Third"}))
    done.append(prove(browser, asked[1]))

    assert at_once.status_code == 303
    assert [each.status_code for each in asked] == [403, 403]
    assert [each.status_code for each in done] == [303, 303]
    assert applications(portal) == ["Billing sync", "Second", "Third"]
