"""Forms whose session has ended: kept through the login, shown again, never acted on by itself."""

import re
from html import unescape

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.testing import Clock
from server.portal.fixtures import PASSWORD, Browser, PortalServer
from server.portal.pages.test_registration import GOOD, REGISTER, refused_at

LOGIN = "/accounts/login/"
_PART = re.compile(r'name="(saved_form_\d+)" value="([^"]*)"')


def carried(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _PART.findall(text)}


def expired(portal: PortalServer, clock: Clock, username: str = "anna") -> tuple[Browser, str]:
    """Return a browser whose session has ended since its page was opened, and the page's token."""
    browser = portal.as_(username)
    csrf = browser.csrf()
    clock.advance(portal.settings.session.absolute + 1)
    return browser, csrf


def resumed(browser: Browser, login_page: str, username: str = "anna") -> str:
    return browser.log_in(username, **carried(login_page)).text


@pytest.mark.parametrize(
    ("path", "form", "shown"),
    [
        (REGISTER, {**GOOD, "name": "Meter <import>"}, 'value="Meter &lt;import&gt;"'),
        (REGISTER, {**GOOD, "redirect_uris": "https://a.example/" + "x" * 3900}, "x" * 3900),
        ("/team/add/", {"username": "zoe", "role": "staff"}, 'value="zoe"'),
        ("{app}rename/", {"name": "A new name"}, 'value="A new name"'),
        ("{app}networks/", {"networks": "203.0.113.0/24"}, ">203.0.113.0/24</textarea>"),
        ("{app}contact/", {"contact": "Zoe, ext. 7"}, 'value="Zoe, ext. 7"'),
        ("{app}keys/add/", {"key_name": "Nightly", "key": "x" * 9}, 'value="Nightly"'),
        ("{app}keys/setting/", {"jwks_uri": "https://a.example/k"}, 'value="https://a.example/k"'),
        ("{app}certificates/add/", {"certificate_name": "Nightly"}, 'value="Nightly"'),
        ("{person}role/", {"role": "user"}, 'value="user" required checked'),
    ],
)
def test_what_was_typed_comes_back_after_the_login_and_is_not_acted_on(
    portal: PortalServer, clock: Clock, path: str, form: dict[str, str], shown: str
) -> None:
    made = portal.as_("anna").register()
    path = path.format(app=made, person=f"/team/{portal.person('sven').id}/")
    browser, csrf = expired(portal, clock)
    before = portal.actions()

    login = browser.send(path, {**form, "csrf": csrf})
    page = resumed(browser, login.text)

    assert login.status_code == 403
    assert "the form comes back with what you typed" in login.text
    assert shown in page
    assert "Check what you typed, then send it again." in page
    assert portal.actions() == [*before, "login"]


def test_a_form_that_came_back_is_sent_again_and_counts(portal: PortalServer, clock: Clock) -> None:
    browser, csrf = expired(portal, clock)
    page = resumed(browser, browser.send(REGISTER, {**GOOD, "csrf": csrf}).text)
    again = dict(re.findall(r'name="(csrf|once|name)" value="([^"]*)"', page))

    response = browser.send(REGISTER, {**GOOD, **again})

    assert response.status_code == 303, response.text
    assert again["name"] == GOOD["name"]
    assert "client-secret" in browser.get(response.headers["location"]).text


def test_a_wrong_password_in_between_loses_nothing(portal: PortalServer, clock: Clock) -> None:
    browser, csrf = expired(portal, clock)
    login = browser.send(REGISTER, {**GOOD, "name": "Kept", "csrf": csrf}).text

    wrong = browser.log_in("anna", "wrong", **carried(login))

    assert wrong.status_code == 400
    assert 'value="Kept"' in resumed(browser, wrong.text)


@pytest.mark.spec("ASVS", "14.2.1")
def test_what_is_carried_holds_no_password_and_cannot_be_read(
    portal: PortalServer, clock: Clock
) -> None:
    browser, csrf = expired(portal, clock)
    form = {**GOOD, "name": "Kept", "current_password": "mine-and-secret", "csrf": csrf}

    login = browser.send(REGISTER, form).text
    page = resumed(browser, login)

    assert carried(login)
    assert "Kept" not in login
    assert "mine-and-secret" not in login + page
    assert b"Kept" not in portal.dump()


@pytest.mark.parametrize("spoilt", ["", "x", "AAAA" * 20, "é" * 9, "{}", "0" * 4096])
def test_what_is_carried_and_was_tampered_with_is_nothing(
    portal: PortalServer, spoilt: str
) -> None:
    response = portal.browser().log_in("anna", saved_form_0=spoilt, next="/team/")

    assert (response.status_code, response.headers["location"]) == (303, "/team/")


def test_what_is_carried_lives_an_hour(portal: PortalServer, clock: Clock) -> None:
    browser, csrf = expired(portal, clock)
    login = browser.send("/team/add/", {"username": "zoe", "csrf": csrf}).text
    clock.advance(3600)

    response = browser.log_in("anna", **carried(login), next="/team/add/")

    assert (response.status_code, response.headers["location"]) == (303, "/team/add/")


def test_a_form_that_is_too_long_to_carry_still_leads_to_the_login(
    portal: PortalServer, clock: Clock
) -> None:
    browser, csrf = expired(portal, clock)
    form = {f"field_{number}": "x" * 4000 for number in range(12)}

    response = browser.send(REGISTER, {**form, "csrf": csrf})

    assert (response.status_code, response.headers["location"]) == (303, LOGIN)


@pytest.mark.parametrize("username", ["sven", "bo"])
def test_whoever_may_not_open_the_form_does_not_get_it(
    portal: PortalServer, clock: Clock, username: str
) -> None:
    path = portal.as_("anna").register()
    browser, csrf = expired(portal, clock)
    login = browser.send(path + "rename/", {"name": "Typed by anna", "csrf": csrf}).text

    response = browser.log_in(username, **carried(login))

    assert response.status_code == 303
    assert "Typed by anna" not in response.text


def test_another_sites_form_is_not_carried(portal: PortalServer, clock: Clock) -> None:
    browser, csrf = expired(portal, clock)

    response = browser.send(REGISTER, {**GOOD, "csrf": csrf}, origin="https://evil.example")

    assert not carried(response.text)


def test_a_form_of_before_another_login_is_shown_again_and_not_acted_on(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    csrf = browser.csrf()
    browser.post("/accounts/logout/")
    browser.log_in("anna")
    before = portal.actions()

    response = browser.send("/team/add/", {"username": "zoe", "role": "staff", "csrf": csrf})

    assert response.status_code == 403
    assert 'value="zoe"' in response.text
    assert portal.actions() == before
    assert browser.post("/team/add/", username="zoe", role="staff").status_code == 303


def test_a_second_login_tab_goes_on(portal: PortalServer) -> None:
    browser = portal.browser()
    second = browser.csrf()
    browser.log_in("anna")

    form = {"csrf": second, "username": "anna", "password": PASSWORD, "next": "/team/"}
    response = browser.send(LOGIN, form)

    assert (response.status_code, response.headers["location"]) == (303, "/team/")
    assert portal.actions().count("login") == 1


def test_a_second_login_tab_of_somebody_else_says_who_is_logged_in(portal: PortalServer) -> None:
    browser = portal.browser()
    second = browser.csrf()
    browser.log_in("anna")

    browser.send(LOGIN, {"csrf": second, "username": "nora", "password": PASSWORD})

    assert "You are logged in as anna." in browser.get("/account/").text


def test_two_tabs_whose_session_ended_both_get_their_forms_back(
    portal: PortalServer, clock: Clock
) -> None:
    browser, csrf = expired(portal, clock)
    first = browser.send("/team/add/", {"username": "zoe", "csrf": csrf}).text
    second = browser.send(REGISTER, {**GOOD, "name": "Second", "csrf": csrf}).text
    token = unescape(re.findall(r'name="csrf" value="([^"]*)"', second)[-1])

    assert 'value="zoe"' in resumed(browser, first)
    form = {"csrf": token, "username": "anna", "password": PASSWORD, **carried(second)}

    assert 'value="Second"' in browser.send(LOGIN, form).text


def test_a_login_form_of_before_a_login_and_logout_is_shown_again(portal: PortalServer) -> None:
    browser = portal.browser()
    second = browser.csrf()
    browser.log_in("anna")
    browser.post("/accounts/logout/")

    response = browser.send(LOGIN, {"csrf": second, "username": "anna", "password": PASSWORD})

    assert response.status_code == 403
    assert 'value="anna"' in response.text
    assert PASSWORD not in response.text
    assert not browser.is_logged_in()


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("{app}rename/", "{app}"),
        ("{app}secrets/00000000-0000-4000-8000-000000000000/end/", "{app}"),
        ("{app}rotate/", "{app}"),
        ("{app}stored/", "{app}"),
        ("{app}keys/add/", "{app}keys/"),
        ("{app}certificates/add/", "{app}certificates/"),
        ("{person}role/", "{person}"),
        ("{person}email/confirm/", "{person}"),
        ("/account/email/confirm/", "/account/"),
        ("/accounts/sessions/end/", "/account/"),
    ],
)
def test_the_address_of_a_form_opens_the_page_with_the_form(
    portal: PortalServer, address: str, page: str
) -> None:
    browser = portal.as_("anna")
    places = {"app": browser.register(), "person": f"/team/{portal.person('sven').id}/"}

    response = browser.get(address.format(**places))

    assert (response.status_code, response.headers["location"]) == (303, page.format(**places))
    assert browser.get(response.headers["location"]).status_code == 200


def suspend(portal: PortalServer, *, suspended: bool = True) -> None:
    org_id = portal.person("anna").org_id
    organization_lifecycle.set_suspended(
        portal.environment.context, OPERATOR, org_id, suspended=suspended
    )


def test_a_suspended_organization_is_told_after_the_right_password_alone(
    portal: PortalServer,
) -> None:
    suspend(portal)

    right = portal.browser().log_in("anna")
    wrong = portal.browser().log_in("anna", "wrong")

    assert (right.status_code, wrong.status_code) == (400, 400)
    assert "Your organization is suspended" in right.text
    assert "suspended" not in wrong.text
    assert "suspended" not in portal.browser().log_in("nobody").text


def test_the_right_password_of_a_suspended_organization_is_no_guess(portal: PortalServer) -> None:
    suspend(portal)

    statuses = {portal.browser().log_in("anna").status_code for _ in range(8)}

    assert statuses == {400}


def test_a_live_session_says_that_its_organization_is_suspended_and_does_nothing(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    csrf = browser.csrf()
    suspend(portal)
    before = portal.actions()

    for response in (
        browser.get(path),
        browser.send(path + "rename/", {"csrf": csrf, "name": "X"}),
    ):
        assert response.status_code == 403
        assert "Your organization is suspended" in response.text
        assert "Ask your account manager." in response.text
        assert path not in response.text
    assert [each for each in portal.actions()[len(before) :] if each != "access.denied"] == []
    assert browser.send("/accounts/logout/", {"csrf": csrf}).status_code == 303


def test_a_session_of_before_a_suspension_ends_with_it(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    suspend(portal)
    suspend(portal, suspended=False)

    assert not browser.is_logged_in()
    assert browser.log_in("anna").status_code == 303


def test_all_that_is_wrong_with_a_new_person_is_said_at_once(portal: PortalServer) -> None:
    response = portal.as_("anna").post("/team/add/", username="\u0430nna", email="x", role="king")

    assert refused_at(response.text) == {"username", "email", "role"}


def test_all_that_is_wrong_with_a_new_password_is_said_at_once(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    response = browser.post("/accounts/password/", new_password="short", new_password_again="other")

    assert refused_at(response.text) == {"current_password", "new_password", "new_password_again"}
    assert portal.rows("SELECT count(*) FROM throttle WHERE failures > 0") == [(0,)]
