"""How a session begins, what it leaves in the database, and what ends it."""

import re

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.sessions.model import SessionSettings
from gatepass.server.portal.routes import ROUTES
from gatepass.testing import Clock
from server.portal.conftest import MakePortal
from server.portal.fixtures import Browser, PortalServer


@pytest.mark.spec("ASVS", "7.2.4")
def test_login_gives_new_ids_to_session_and_browser(portal: PortalServer) -> None:
    browser = portal.browser()
    seen = []
    for _ in range(2):
        browser.get("/accounts/login/")
        before = dict(browser.client.cookies)
        browser.log_in("anna")
        after = dict(browser.client.cookies)
        assert before["gatepass_device_live"] != after["gatepass_device_live"]
        seen.append(after["gatepass_session_live"])
        browser.post("/accounts/logout/")

    assert seen[0] != seen[1]


@pytest.mark.spec("ASVS", "7.2.3")
def test_a_session_id_that_a_stranger_chose_is_never_taken_over(portal: PortalServer) -> None:
    browser = portal.browser()
    planted = "0" * 48
    browser.client.cookies.set("gatepass_session_live", planted, domain="localhost.local", path="/")

    browser.log_in("anna")

    assert planted not in browser.client.cookies.values()


def test_the_database_never_holds_the_ids_themselves(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    held = portal.dump()
    for value in dict(browser.client.cookies).values():
        assert str(value).encode() not in held


@pytest.mark.spec("ASVS", "7.4.1")
def test_logout_ends_the_session_on_the_server(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    stolen = dict(browser.client.cookies)

    response = browser.post("/accounts/logout/")

    assert (response.status_code, response.headers["location"]) == (303, "/accounts/login/")
    thief = portal.browser()
    thief.client.cookies.update(stolen)
    assert not thief.is_logged_in()
    assert portal.rows("SELECT count(*) FROM session") == [(0,)]


@pytest.mark.spec("ASVS", "7.4.2")
def test_disabling_a_person_ends_their_sessions(portal: PortalServer) -> None:
    sven, anna = portal.as_("sven"), portal.as_("anna")

    anna.post(f"/team/{portal.person('sven').id}/disable/")

    assert not sven.is_logged_in()


@pytest.mark.spec("ASVS", "7.4.2")
def test_deleting_a_person_ends_their_sessions(portal: PortalServer) -> None:
    sven, person = portal.as_("sven"), portal.person("sven")

    users.remove(portal.environment.context, OPERATOR, person.org_id, person.id)

    assert not sven.is_logged_in()
    assert portal.rows("SELECT count(*) FROM session") == [(0,)]


@pytest.mark.spec("ASVS", "7.6.2")
def test_looking_at_pages_opens_no_session(portal: PortalServer) -> None:
    browser = portal.browser()

    for route in ROUTES:
        if route.method == "GET" and "uuid" not in route.path:
            browser.get(route.path.replace("{token}", "nobodys-token"))

    assert portal.rows("SELECT count(*) FROM session") == [(0,)]


def test_suspending_the_organization_ends_its_sessions(portal: PortalServer) -> None:
    sven = portal.as_("sven")

    organization_lifecycle.set_suspended(
        portal.environment.context, OPERATOR, portal.person("sven").org_id, suspended=True
    )

    assert not sven.is_logged_in()


def test_a_session_is_dead_while_its_person_is_disabled_even_if_it_is_still_there(
    portal: PortalServer,
) -> None:
    sven = portal.as_("sven")

    portal.run("UPDATE person SET disabled_at = 1 WHERE username = 'sven'")

    assert not sven.is_logged_in()


@pytest.mark.spec("ASVS", "7.3.1")
def test_a_session_ends_when_nobody_used_it_for_long(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    idle = portal.settings.session.idle
    for _ in range(3):
        clock.advance(idle - 1)
        assert browser.is_logged_in()

    clock.advance(idle)

    assert not browser.is_logged_in()


@pytest.mark.spec("ASVS", "7.3.2")
def test_a_session_ends_after_its_longest_life_however_busy_it_was(
    make_portal: MakePortal, clock: Clock
) -> None:
    portal = make_portal(session=SessionSettings(idle=600, absolute=1500))
    browser = portal.as_("anna")
    for _ in range(4):
        clock.advance(350)
        assert browser.is_logged_in()

    clock.advance(100)

    assert not browser.is_logged_in()


def test_being_seen_is_written_at_most_once_a_minute(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    query = "SELECT last_seen_at FROM session"
    first = portal.rows(query)
    clock.advance(59)
    browser.get("/account/")
    assert portal.rows(query) == first

    clock.advance(1)
    browser.get("/account/")

    assert portal.rows(query) == [(first[0][0] + 60_000,)]


@pytest.mark.spec("ASVS", "7.5.2")
def test_somebody_can_see_and_end_their_other_sessions(portal: PortalServer) -> None:
    here, there = portal.as_("anna"), portal.as_("anna", "198.51.100.9")
    listed = here.get("/account/").text
    assert "198.51.100.9" in listed
    assert "Firefox on Linux" in listed

    response = here.post("/accounts/sessions/end/")

    assert response.status_code == 303
    assert here.is_logged_in()
    assert not there.is_logged_in()


def test_a_second_browser_keeps_its_session_when_another_logs_in(portal: PortalServer) -> None:
    first: Browser = portal.as_("anna")
    portal.as_("anna")

    assert first.is_logged_in()


def sessions_on(page: str) -> list[str]:
    """Return the paths that end one of the listed sessions."""
    return re.findall(r'action="(/\S*/sessions/[0-9a-f-]{36}/end/)"', page)


@pytest.mark.spec("ASVS", "7.5.2")
def test_somebody_ends_one_of_their_sessions_and_the_others_stay(portal: PortalServer) -> None:
    here, there, third = (portal.as_("anna", f"198.51.100.{number}") for number in (1, 2, 3))
    page = here.get("/account/").text
    assert len(sessions_on(page)) == 2
    [path] = re.findall(r'action="(\S+)">(?:(?!</form>).)*198\.51\.100\.2<', page, re.DOTALL)

    response = here.post(path)

    assert (response.status_code, response.headers["location"]) == (303, "/account/")
    assert "The session has ended." in here.get("/account/").text
    assert (here.is_logged_in(), there.is_logged_in(), third.is_logged_in()) == (True, False, True)
    assert portal.actions()[-1] == "person.session_ended"


def test_a_session_that_has_ended_already_is_said_to_have(portal: PortalServer) -> None:
    here, _ = portal.as_("anna"), portal.as_("anna")
    [path] = sessions_on(here.get("/account/").text)

    here.post(path)
    assert here.post(path).status_code == 303

    assert "had ended already" in here.get("/account/").text


@pytest.mark.spec("ASVS", "7.5.2")
def test_somebody_ends_all_their_sessions_this_one_too(portal: PortalServer) -> None:
    here, there = portal.as_("anna"), portal.as_("anna")

    response = here.post("/account/sessions/end/")

    assert response.headers["location"] == "/accounts/login/"
    assert not here.is_logged_in()
    assert not there.is_logged_in()
    assert portal.rows("SELECT count(*) FROM session") == [(0,)]


def test_nobody_ends_a_session_of_somebody_else_on_their_own_page(portal: PortalServer) -> None:
    anna, sven = portal.as_("anna"), portal.as_("sven")
    [path] = sessions_on(anna.get(f"/team/{portal.person('sven').id}/").text)

    portal.as_("ulla").post(f"/account/sessions/{path.split('/')[-3]}/end/")

    assert sven.is_logged_in()


@pytest.mark.spec("ASVS", "7.4.5")
def test_an_administrator_sees_the_sessions_of_a_member_and_ends_one(portal: PortalServer) -> None:
    anna, sven, other = portal.as_("anna"), portal.as_("sven", "198.51.100.9"), portal.as_("sven")
    page = f"/team/{portal.person('sven').id}/"
    text = anna.get(page).text
    assert "198.51.100.9" in text
    [path] = re.findall(r'action="(\S+)">(?:(?!</form>).)*198\.51\.100\.9<', text, re.DOTALL)

    response = anna.post(path)

    assert (response.status_code, response.headers["location"]) == (303, page)
    assert (sven.is_logged_in(), other.is_logged_in()) == (False, True)


@pytest.mark.spec("ASVS", "7.4.5")
def test_an_administrator_ends_all_sessions_of_a_member(portal: PortalServer) -> None:
    anna, sven, other = portal.as_("anna"), portal.as_("sven"), portal.as_("sven")
    page = f"/team/{portal.person('sven').id}/"

    anna.post(f"{page}sessions/end/")

    assert (sven.is_logged_in(), other.is_logged_in()) == (False, False)
    assert anna.is_logged_in()
    assert "is not logged in." in anna.get(page).text
    assert portal.actions()[-1] == "person.sessions_ended"


def test_an_administrator_who_ends_their_own_session_on_the_team_page_is_logged_out(
    portal: PortalServer,
) -> None:
    anna = portal.as_("anna")

    response = anna.post(f"/team/{portal.person('anna').id}/sessions/end/")

    assert response.headers["location"] == "/accounts/login/"
    assert not anna.is_logged_in()


def test_the_login_before_this_one_is_shown_with_address_and_program(
    portal: PortalServer, clock: Clock
) -> None:
    first = portal.as_("anna", "198.51.100.9")
    assert "None known" in first.get("/account/").text
    first.post("/accounts/logout/")
    clock.advance(3 * 24 * 3600)

    second = portal.as_("anna")

    page = " ".join(re.sub(r"<[^>]+>", " ", second.get("/account/").text).split())
    shown = r"Login before this one 3 days ago \(.+?\) , from 198\.51\.100\.9 , Firefox on Linux"
    assert re.search(shown, page)
