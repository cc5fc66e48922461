"""Who is denied a page or an object leaves a log line and an audit entry, up to a limit."""

import re
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain.throttling.hourly_limit import HOUR, MOST_LINES, MOST_ROWS
from gatepass.server.environment import maintenance
from server.portal.fixtures import HOME, Clock, Rig

_ENTRIES = "SELECT org_id, actor, action, subject, result, source FROM audit ORDER BY id"


@pytest.mark.spec("ASVS", "16.3.2")
def test_a_page_denied_by_role_leaves_one_line_and_one_entry(rig: Rig) -> None:
    browser, ulla = rig.as_("ulla"), rig.person("ulla")
    before = rig.rows(_ENTRIES)

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
    (new,) = rig.rows(_ENTRIES)[len(before) :]
    assert new[1:] == ("ulla", "access.denied", "/team/", "refused", HOME)


@pytest.mark.spec("ASVS", "16.3.2")
def test_an_object_of_others_and_one_of_nobody_leave_the_same(rig: Rig) -> None:
    browser = rig.as_("anna")
    theirs = rig.as_("bo").register().rstrip("/")
    nobodys = f"{theirs.rpartition('/')[0]}/{uuid4()}"
    before = len(rig.rows(_ENTRIES))

    with capture_logs() as logged:
        for path in (theirs, nobodys):
            assert browser.get(f"{path}/").status_code == 404
    found = rig.rows(_ENTRIES)[before:]

    assert [(each["path"], each["status"]) for each in logged] == [
        (f"{theirs}/", 404),
        (f"{nobodys}/", 404),
    ]
    assert [each[3] for each in found] == [f"{theirs}/", f"{nobodys}/"]
    assert {each[:3] for each in found} == {(found[0][0], "anna", "access.denied")}
    assert len({tuple(set(each) - {"path"}) for each in logged}) == 1


def test_the_entry_is_in_the_trail_of_who_asked_and_in_no_others(rig: Rig) -> None:
    theirs = rig.as_("bo").register()
    anna = rig.as_("anna")
    anna.get(theirs)

    assert "Access denied (404)" in anna.get("/activity/").text
    assert "Access denied" not in rig.as_("bo").get("/activity/").text


def test_a_denied_form_leaves_an_entry_too(rig: Rig) -> None:
    person = rig.person("sven")

    assert rig.as_("sven").post(f"/team/{person.id}/role/", role="admin").status_code == 403
    assert rig.actions()[-1] == "access.denied"


@pytest.mark.parametrize("path", ["/no/such/page/", "/team/nonsense/", "/favicon.ico", "/%00/"])
def test_a_path_without_a_page_is_no_denial(rig: Rig, path: str) -> None:
    browser = rig.as_("anna")

    with capture_logs() as logged:
        assert browser.get(path).status_code == 404
    assert logged == []
    assert "access.denied" not in rig.actions()


def test_who_is_not_logged_in_or_sends_a_foreign_form_leaves_no_entry(rig: Rig) -> None:
    anna = rig.as_("anna")
    rig.browser().get("/team/")

    assert anna.send("/team/add/", {"csrf": "wrong"}).status_code == 403
    assert "access.denied" not in rig.actions()


def test_a_flood_of_denials_leaves_a_few_lines_and_rows_and_their_number(
    rig: Rig, clock: Clock
) -> None:
    browser = rig.as_("ulla")
    with capture_logs() as logged:
        for _ in range(MOST_ROWS + 15):
            browser.get("/team/")
    assert [each["event"] for each in logged].count("access.denied") == MOST_ROWS
    assert rig.actions().count("access.denied") == MOST_ROWS

    clock.wait(HOUR)
    maintenance.keep_bounds(rig.environment)
    maintenance.keep_bounds(rig.environment)

    assert rig.actions().count("audit.suppressed") == 1
    text = rig.as_("anna").get("/activity/").text
    assert re.search(r"15 more entries of access\.denied were not recorded", text)


def test_a_flood_of_failed_logins_from_one_source_leaves_a_few_rows(rig: Rig) -> None:
    browser = rig.browser("2001:db8::1")
    for number in range(MOST_ROWS):
        browser.log_in(f"nobody {number}", "wrong")
    for number in range(10):  # further networks make no row where the first has none left
        rig.run("DELETE FROM throttle")
        rig.browser(f"2001:db8::{number + 2:x}").log_in("anna", "wrong")
    assert rig.actions().count("login.refused") == MOST_ROWS

    maintenance.close(rig.environment)

    assert rig.actions()[-1] == "audit.suppressed"
    assert rig.rows("SELECT source, actor FROM audit ORDER BY id DESC LIMIT 1") == [
        ("2001:db8::/64", "system")
    ]


def test_what_the_owner_changes_is_recorded_whatever_strangers_do(rig: Rig) -> None:
    rig.as_("ulla")
    for _ in range(MOST_ROWS + 5):
        rig.environment.context.audit_limit.allow("login.refused", HOME, rig.clock())
    before = len(rig.actions())
    anna = rig.as_("anna")
    for number in range(MOST_ROWS + 5):
        anna.register(f"Application {number}")

    assert rig.actions()[before:].count("application.registered") == MOST_ROWS + 5


def test_refused_forms_leave_a_bounded_number_of_lines_and_their_number(
    rig: Rig, clock: Clock
) -> None:
    browser = rig.browser()
    with capture_logs() as logged:
        for _ in range(MOST_LINES + 7):
            browser.send("/accounts/login/", {}, origin="https://elsewhere.example")
        clock.wait(HOUR)
        maintenance.keep_bounds(rig.environment)

    assert [each["event"] for each in logged].count("page.refused") == MOST_LINES
    (last,) = [each for each in logged if each["event"] == "log.suppressed"]
    assert (last["of"], last["source"], last["times"]) == ("page.refused", HOME, 7)
