"""An initial password that is not replaced ends after 14 days."""

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.testing import Clock
from server.portal.fixtures import (
    NEW_PASSWORD,
    PASSWORD,
    Browser,
    PortalServer,
    without_what_varies,
)

DAYS = 24 * 3600


@pytest.mark.spec("ASVS", "6.4.1")
@pytest.mark.parametrize(("seconds", "status"), [(14 * DAYS - 1, 303), (14 * DAYS, 400)])
def test_an_initial_password_logs_in_for_fourteen_days(
    portal: PortalServer, clock: Clock, seconds: int, status: int
) -> None:
    clock.advance(seconds)

    assert portal.browser().log_in("nils").status_code == status


@pytest.mark.spec("ASVS", "6.4.1")
def test_a_login_with_it_does_not_make_it_last_longer(portal: PortalServer, clock: Clock) -> None:
    clock.advance(13 * DAYS)
    portal.as_("nils")
    clock.advance(DAYS)

    assert portal.browser().log_in("nils").status_code == 400


def test_a_password_of_ones_own_does_not_end(portal: PortalServer, clock: Clock) -> None:
    replace_password(portal.as_("nils"))
    clock.advance(1000 * DAYS)

    assert portal.browser().log_in("nils", NEW_PASSWORD).status_code == 303
    assert portal.browser().log_in("anna").status_code == 303


@pytest.mark.spec("ASVS", "6.3.8")
def test_the_login_says_no_more_than_of_a_wrong_password(
    portal: PortalServer, clock: Clock
) -> None:
    clock.advance(14 * DAYS)

    expired = portal.browser("198.51.100.1").log_in("nils")
    wrong = portal.browser("198.51.100.2").log_in("nils", "wrong")

    assert expired.status_code == wrong.status_code == 400
    assert without_what_varies(expired.text, "nils") == without_what_varies(wrong.text, "nils")
    [(reason,)] = portal.rows("SELECT detail FROM audit WHERE action = 'login.refused' LIMIT 1")
    assert reason == '{"reason": "initial password expired"}'


def test_the_team_page_says_so_and_a_new_one_logs_in(portal: PortalServer, clock: Clock) -> None:
    assert "Initial password expired" not in portal.as_("anna").get("/team/").text
    clock.advance(14 * DAYS)
    anna, nils = portal.as_("anna"), portal.person("nils")

    assert anna.get("/team/").text.count("Initial password expired") == 1
    page = anna.get(f"/team/{nils.id}/").text
    assert "Initial password expired" in page
    assert "Make a new initial password below" in page
    initial = run(initial_passwords.new_password(portal.environment.hasher))
    _, new = initial_passwords.give_access(
        portal.environment.context, OPERATOR, nils.org_id, nils.id, None, initial=initial
    )
    assert "Initial password expired" not in anna.get("/team/").text
    assert portal.browser().log_in("nils", new.value).status_code == 303


def test_the_page_with_a_new_initial_password_says_how_long_it_lasts(portal: PortalServer) -> None:
    anna, sven = portal.as_("anna"), portal.person("sven")
    made = anna.post(f"/team/{sven.id}/password/")

    assert "after 14 days" in anna.get(made.headers["location"]).text


def replace_password(browser: Browser) -> None:
    response = browser.post(
        "/accounts/password/",
        current_password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_again=NEW_PASSWORD,
    )
    assert response.status_code == 303
