"""Who is denied a page or an object leaves a log line and an audit entry, up to a limit."""

import re
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain.throttling.hourly_limit import HOUR, MOST_LINES, MOST_ROWS
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.portal.fixtures import HOME, PortalServer

_ENTRIES = "SELECT org_id, actor, action, subject, result, source FROM audit ORDER BY id"


@pytest.mark.spec("ASVS", "16.3.2")
def test_a_page_denied_by_role_leaves_one_line_and_one_entry(portal: PortalServer) -> None:
    browser, ulla = portal.as_("ulla"), portal.person("ulla")
    before = portal.rows(_ENTRIES)

    with capture_logs() as logged:
        assert browser.get("/team/?token=abc").status_code == 403

    assert logged == [
        {
            "event": "access.denied",
            "log_level": "warning",
            "environment": "production",
            "org_id": str(ulla.org_id),
            "user": "ulla",
            "user_id": str(ulla.id),
            "method": "GET",
            "path": "/team/",
            "source": HOME,
            "status": 403,
            "reason": "role",
        }
    ]
    (new,) = portal.rows(_ENTRIES)[len(before) :]
    assert new[1:] == ("ulla", "access.denied", "/team/", "refused", HOME)


@pytest.mark.spec("ASVS", "16.3.2")
def test_an_object_of_others_and_one_of_nobody_leave_the_same(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    theirs = portal.as_("bo").register().rstrip("/")
    nobodys = f"{theirs.rpartition('/')[0]}/{uuid4()}"
    before = len(portal.rows(_ENTRIES))

    with capture_logs() as logged:
        for path in (theirs, nobodys):
            assert browser.get(f"{path}/").status_code == 404
    found = portal.rows(_ENTRIES)[before:]

    assert [(each["path"], each["status"]) for each in logged] == [
        (f"{theirs}/", 404),
        (f"{nobodys}/", 404),
    ]
    assert [each[3] for each in found] == [f"{theirs}/", f"{nobodys}/"]
    assert {each[:3] for each in found} == {(found[0][0], "anna", "access.denied")}
    assert len({tuple(set(each) - {"path"}) for each in logged}) == 1


def test_the_entry_is_in_the_trail_of_who_asked_and_in_no_others(portal: PortalServer) -> None:
    theirs = portal.as_("bo").register()
    anna = portal.as_("anna")
    anna.get(theirs)

    assert "Access denied (404)" in anna.get("/activity/").text
    assert "Access denied" not in portal.as_("bo").get("/activity/").text


def test_a_denied_form_leaves_an_entry_too(portal: PortalServer) -> None:
    person = portal.person("sven")

    assert portal.as_("sven").post(f"/team/{person.id}/role/", role="admin").status_code == 403
    assert portal.actions()[-1] == "access.denied"


@pytest.mark.parametrize("path", ["/no/such/page/", "/team/nonsense/", "/favicon.ico", "/%00/"])
def test_a_path_without_a_page_is_no_denial(portal: PortalServer, path: str) -> None:
    browser = portal.as_("anna")

    with capture_logs() as logged:
        assert browser.get(path).status_code == 404
    assert logged == []
    assert "access.denied" not in portal.actions()


def test_who_is_not_logged_in_or_sends_a_foreign_form_leaves_no_entry(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    portal.browser().get("/team/")

    assert anna.send("/team/add/", {"csrf": "wrong"}).status_code == 403
    assert "access.denied" not in portal.actions()


def test_a_flood_of_denials_leaves_a_few_lines_and_rows_and_their_number(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("ulla")
    with capture_logs() as logged:
        for _ in range(MOST_ROWS + 15):
            browser.get("/team/")
    assert [each["event"] for each in logged].count("access.denied") == MOST_ROWS
    assert portal.actions().count("access.denied") == MOST_ROWS

    clock.advance(HOUR)
    maintenance.keep_bounds(portal.environment)
    maintenance.keep_bounds(portal.environment)

    assert portal.actions().count("audit.suppressed") == 1
    text = portal.as_("anna").get("/activity/").text
    assert re.search(r"15 more entries of access\.denied were not recorded", text)


def test_a_flood_of_failed_logins_from_one_source_leaves_a_few_rows(portal: PortalServer) -> None:
    browser = portal.browser("2001:db8::1")
    for number in range(MOST_ROWS):
        browser.log_in(f"nobody {number}", "wrong")
    for number in range(10):  # further networks make no row where the first has none left
        portal.run("DELETE FROM throttle")
        portal.browser(f"2001:db8::{number + 2:x}").log_in("anna", "wrong")
    assert portal.actions().count("login.refused") == MOST_ROWS

    maintenance.close(portal.environment)

    assert portal.actions()[-1] == "audit.suppressed"
    assert portal.rows("SELECT source, actor FROM audit ORDER BY id DESC LIMIT 1") == [
        ("2001:db8::/64", "system")
    ]


def test_what_the_owner_changes_is_recorded_whatever_strangers_do(portal: PortalServer) -> None:
    portal.as_("ulla")
    for _ in range(MOST_ROWS + 5):
        portal.environment.context.audit_limit.allow("login.refused", HOME, portal.clock())
    before = len(portal.actions())
    anna = portal.as_("anna")
    for number in range(MOST_ROWS + 5):
        anna.register(f"Application {number}")

    assert portal.actions()[before:].count("application.registered") == MOST_ROWS + 5


def test_refused_forms_leave_a_bounded_number_of_lines_and_their_number(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.browser()
    with capture_logs() as logged:
        for _ in range(MOST_LINES + 7):
            browser.send("/accounts/login/", {}, origin="https://elsewhere.example")
        clock.advance(HOUR)
        maintenance.keep_bounds(portal.environment)

    assert [each["event"] for each in logged].count("page.refused") == MOST_LINES
    (last,) = [each for each in logged if each["event"] == "log.suppressed"]
    assert (last["of"], last["source"], last["times"]) == ("page.refused", HOME, 7)
