"""Changing one's own password, and being made to."""

import pytest

from gatepass.server.domain.users.passwords.passwords import generate
from gatepass.testing import Clock
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, Browser, PortalServer

CHANGE = "/accounts/password/"


def change(
    browser: Browser, new: str = NEW_PASSWORD, current: str = PASSWORD, again: str | None = None
) -> tuple[int, str]:
    response = browser.post(
        CHANGE,
        current_password=current,
        new_password=new,
        new_password_again=new if again is None else again,
    )
    return response.status_code, response.text


def test_an_initial_password_opens_nothing_but_the_page_that_replaces_it(
    portal: PortalServer,
) -> None:
    browser = portal.as_("nils")

    for path in ("/oauth2/applications/", "/team/", "/activity/", "/account/"):
        response = browser.get(path)
        assert (response.status_code, response.headers["location"]) == (303, CHANGE)
    refused = browser.post("/oauth2/applications/register/", name="Too early")
    assert refused.headers["location"] == CHANGE
    assert portal.rows("SELECT count(*) FROM application") == [(0,)]


def test_a_forced_change_opens_the_portal(portal: PortalServer) -> None:
    browser = portal.as_("nils")
    assert "Choose your password" in browser.get(CHANGE).text

    status, _ = change(browser)

    assert status == 303
    assert "The password is changed." in browser.get("/oauth2/applications/").text


def test_who_must_change_the_password_can_still_log_out(portal: PortalServer) -> None:
    browser = portal.as_("nils")

    assert browser.post("/accounts/logout/").headers["location"] == "/accounts/login/"
    assert browser.get(CHANGE).headers["location"].startswith("/accounts/login/")


@pytest.mark.spec("ASVS", "7.4.3")
def test_a_change_ends_every_session_and_opens_one_with_a_new_id(portal: PortalServer) -> None:
    here, there = portal.as_("anna"), portal.as_("anna")
    before = here.client.cookies["gatepass_session_live"]

    change(here)

    assert here.is_logged_in()
    assert here.client.cookies["gatepass_session_live"] != before
    assert not there.is_logged_in()
    old = portal.browser()
    old.client.cookies.set("gatepass_session_live", before)
    assert not old.is_logged_in()


def test_after_a_change_the_new_password_counts_and_the_old_one_does_not(
    portal: PortalServer,
) -> None:
    change(portal.as_("anna"))

    assert portal.browser().log_in("anna", PASSWORD).status_code == 400
    assert portal.browser().log_in("anna", NEW_PASSWORD).status_code == 303


@pytest.mark.spec("NIST SP 800-63B-4", "3.1.1.2")
@pytest.mark.parametrize(
    ("new", "accepted"),
    [
        ("brw mplk zqtv1", False),  # 14
        ("brw mplk zqtv12", True),  # 15
        ("".join(chr(0x4E00 + n * n) for n in range(15)), True),
        ("passwordpassword1", False),
        ("brw mplk zqtv " * 9 + "xy", True),  # 128
        ("brw mplk zqtv " * 9 + "xyz", False),  # 129
        ("passwordpassword", False),
        ("qwertyuiopasdfghjkl", False),
        ("password123456789", False),
        ("aaaaaaaaaaaaaaaaaaaa", False),
        ("123456789012345", False),
        ("no digits no capitals", True),
        ("the acme works of spring", False),
        ("that was anna all along", False),
    ],
)
def test_what_a_new_password_may_be(portal: PortalServer, new: str, *, accepted: bool) -> None:
    status, text = change(portal.as_("anna"), new)

    assert status == (303 if accepted else 400)
    if not accepted:
        assert 'id="new_password-error"' in text
        assert portal.browser().log_in("anna", PASSWORD).status_code == 303


@pytest.mark.spec("ASVS", "6.2.8")
def test_a_long_password_counts_to_its_last_character(portal: PortalServer) -> None:
    new = "brw mplk zqtv " * 9 + "xy"
    change(portal.as_("anna"), new)

    assert portal.browser().log_in("anna", new[:-1] + "z").status_code == 400
    assert portal.browser().log_in("anna", new).status_code == 303


def test_spaces_around_a_password_count(portal: PortalServer) -> None:
    change(portal.as_("anna"), f" {NEW_PASSWORD} ")

    assert portal.browser().log_in("anna", NEW_PASSWORD).status_code == 400
    assert portal.browser().log_in("anna", f" {NEW_PASSWORD} ").status_code == 303


def test_two_entries_that_differ_are_refused_beside_the_second(portal: PortalServer) -> None:
    status, text = change(portal.as_("anna"), again=NEW_PASSWORD + "r")

    assert status == 400
    assert 'id="new_password_again-error"' in text


def test_the_same_password_again_is_no_change(portal: PortalServer) -> None:
    assert change(portal.as_("anna"), PASSWORD)[0] == 400


def test_a_wrong_current_password_is_refused_beside_its_field(portal: PortalServer) -> None:
    status, text = change(portal.as_("anna"), current="wrong")

    assert status == 400
    assert 'id="current_password-error"' in text


def test_no_refused_form_shows_a_password(portal: PortalServer) -> None:
    _, text = change(portal.as_("anna"), new="short-and-secret", current=PASSWORD, again="x")

    assert "short-and-secret" not in text
    assert PASSWORD not in text


def test_guesses_at_the_current_password_are_slowed_down(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    statuses = [change(browser, current=f"wrong {n}")[0] for n in range(6)]
    assert statuses == [400] * 5 + [429]

    clock.advance(2)

    assert change(browser)[0] == 303


def test_those_guesses_make_nobody_wait_at_the_login(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    for n in range(6):
        change(browser, current=f"wrong {n}")

    assert portal.browser().log_in("anna").status_code == 303


def test_a_generated_initial_password_is_an_accepted_one(portal: PortalServer) -> None:
    assert change(portal.as_("anna"), generate(("anna", "Acme Energy")).value)[0] == 303


def test_a_change_is_told_without_the_passwords(portal: PortalServer) -> None:
    change(portal.as_("anna"))

    assert portal.actions()[-1] == "person.password_changed"
    held = portal.dump()
    assert NEW_PASSWORD.encode() not in held
    assert PASSWORD.encode() not in held
