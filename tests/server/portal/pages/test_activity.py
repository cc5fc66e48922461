"""The organization's own part of the audit trail."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Entry
from gatepass.server.portal.pages.activity import in_words
from gatepass.testing import Clock
from gatepass.translation.language import language
from server.portal.fixtures import Browser, PortalServer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_was_done_is_listed_newest_first_with_who_and_from_where(portal: PortalServer) -> None:
    browser = portal.as_("anna", "198.51.100.3")
    browser.register("Meter import")

    text = browser.get("/activity/").text

    assert "198.51.100.3" in text
    assert text.index("Registered an application") < text.index("<span>Logged in")
    assert "Meter import" in text


def test_another_organizations_activity_is_not_in_it(portal: PortalServer) -> None:
    portal.as_("bo").register("Secret plan")

    text = portal.as_("anna").get("/activity/").text

    assert "Secret plan" not in text
    assert ">bo<" not in text


def test_a_login_that_was_refused_is_told_to_the_organization(portal: PortalServer) -> None:
    portal.browser("198.51.100.66").log_in("anna", "wrong")

    text = portal.as_("anna").get("/activity/").text

    assert "Login refused: wrong password" in text
    assert "198.51.100.66" in text


def test_older_activity_follows_without_gap_or_repetition(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register("First")
    for number in range(60):
        browser.post(path + "rename/", name=f"Name {number:02}")

    found: list[str] = []
    url: str | None = "/activity/"
    while url:
        text = browser.get(url).text
        found += re.findall(r"Renamed an application to (Name \d\d)", text)
        older = re.search(r'href="(/activity/\?before=\d+)"', text)
        url = older[1] if older else None

    assert found == [f"Name {number:02}" for number in reversed(range(60))]


@pytest.mark.parametrize(
    ("action", "detail", "words"),
    [
        ("login", {}, "Logged in"),
        ("client.refused", {"reason": "wrong secret", "times": "1"}, "Token refused: wrong secret"),
        (
            "client.refused",
            {"reason": "wrong secret", "times": "7"},
            "Token refused: wrong secret (7 times)",
        ),
        ("application.renamed", {"name": "{evil} {0}"}, "Renamed an application to {evil} {0}"),
        ("application.renamed", {}, "Renamed an application to ?"),
        (
            "access.denied",
            {"status": "404", "method": "GET", "reason": "not found in the organization"},
            "Access denied (404): GET, not found in the organization",
        ),
        (
            "audit.suppressed",
            {"times": "40", "action": "login.refused", "since": "2026-03-01 12:00 UTC"},
            "40 more entries of login.refused were not recorded, since 2026-03-01 12:00 UTC",
        ),
        ("key.rotated_early", {}, "Key rotated early"),
    ],
)
def test_every_action_has_words(action: str, detail: dict[str, str], words: str) -> None:
    assert in_words(Entry(NOW, None, "anna", action, detail=detail)) == words


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({"reason": "unknown scope", "times": "3"}, "Token abgelehnt: unknown scope (3-mal)"),
        ({"reason": "unknown scope", "times": "1"}, "Token abgelehnt: unknown scope"),
        ({"times": "2"}, "Token abgelehnt: ? (2-mal)"),
    ],
)
def test_the_words_are_in_the_language_of_the_reader(detail: dict[str, str], words: str) -> None:
    entry = Entry(NOW, None, "anna", "client.refused", detail=detail)

    assert language("de").translate(in_words(entry)) == words


def test_an_export_is_english_in_every_language(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    anna.post("/account/language/", language="de")

    assert "Angemeldet" in anna.get("/activity/").text
    assert "Logged in" in anna.get("/activity/export/?format=csv").text


def listed(text: str) -> set[str]:
    """Return what the page shows in its column What, without the subject."""
    found: list[str] = re.findall(r'data-label="What"><span>([^<]*)', text)
    return {each.strip() for each in found}


def exported(browser: Browser, **query: str) -> list[dict[str, str]]:
    text = browser.get("/activity/export/", {"format": "csv", **query}).text
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"what": "applications"}, {"Registered an application"}),
        ({"what": "logins", "who": "ANNA"}, {"Logged in"}),
        ({"what": "logins", "who": "sven"}, {"Logged in"}),
        ({"what": "refused"}, {"Login refused: wrong password"}),
        ({"what": "people"}, {f"Added a user ({role})" for role in ("admin", "staff", "user")}),
        ({"what": "settings", "who": "anna"}, set()),
        ({"who": "nobody"}, set()),
        ({"who": "%"}, set()),
    ],
)
def test_a_filter_leaves_what_it_names(
    portal: PortalServer, query: dict[str, str], found: set[str]
) -> None:
    anna = portal.as_("anna")
    anna.register()
    portal.as_("sven")
    portal.browser().log_in("bo", "wrong")
    portal.browser().log_in("ulla", "wrong")

    text = anna.get("/activity/", query).text

    assert listed(text) == found
    assert ("Nothing found" in text) is (found == set())


def test_days_are_whole_and_in_utc(portal: PortalServer, clock: Clock) -> None:
    portal.as_("anna").register("First")
    first = portal.environment.now().date()
    clock.advance(24 * 3600)
    anna = portal.as_("anna")
    anna.register("Second")

    def names(**days: str) -> list[str]:
        text = anna.get("/activity/", {"what": "applications", **days}).text
        return re.findall(r"breakable\">(First|Second)", text)

    assert names(since=first.isoformat(), until=first.isoformat()) == ["First"]
    assert names(since=(first + timedelta(days=1)).isoformat()) == ["Second"]
    assert names() == ["Second", "First"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "2027-02-30"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"since": "2027-02-02", "until": "2027-02-01"}, "until"),
        ({"what": "<script>"}, "what"),
        ({"what": "x" * 5000}, "what"),
    ],
)
def test_nonsense_in_a_stored_filter_is_named_and_left_out(
    portal: PortalServer, query: dict[str, str], field: str
) -> None:
    anna = portal.as_("anna")
    anna.register()

    response = anna.get("/activity/", query)

    assert response.status_code == 200
    assert f'id="{field}-error"' in response.text
    assert "<script>" not in response.text


def test_older_entries_keep_the_filter(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    path = anna.register()
    for number in range(55):
        anna.post(path + "rename/", name=f"Name {number}")

    text = anna.get("/activity/", {"what": "applications", "who": "anna"}).text

    assert re.search(r'href="/activity/\?who=anna&amp;what=applications&amp;before=\d+"', text)


def test_after_a_login_the_filter_is_there_again(portal: PortalServer) -> None:
    visitor = portal.browser()

    location = visitor.get("/activity/", {"what": "refused", "who": "a b"}).headers["location"]
    visitor.get(location)
    response = visitor.log_in("anna", next="/activity/?what=refused&who=a+b")

    assert "what" in location
    assert unescape(response.headers["location"]) == "/activity/?what=refused&who=a+b"


def test_an_export_has_every_entry_of_the_filter_once(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    org_id = portal.person("anna").org_id
    with portal.environment.database.write() as connection:
        made = [Entry(NOW, org_id, f"p{number}", "person.added") for number in range(1203)]
        audit.record(connection, *made, Entry(NOW, None, "other", "person.added"))

    rows = exported(anna, what="people")
    lines = anna.get("/activity/export/", {"format": "jsonl", "what": "people"}).text.splitlines()

    names = [row["who"] for row in rows if row["who"].startswith("p")]
    assert names == [f"p{number}" for number in reversed(range(1203))]
    assert [json.loads(line)["who"] for line in lines] == [row["who"] for row in rows]


def test_an_export_that_was_cut_off_goes_on_after_its_last_entry(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    path = anna.register()
    for number in range(5):
        anna.post(path + "rename/", name=f"Name {number}")
    whole = exported(anna)

    rest = exported(anna, before=whole[2]["number"])

    assert rest == whole[3:]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_no_cell_of_an_export_is_a_formula(portal: PortalServer, name: str) -> None:
    anna = portal.as_("anna")
    anna.register(name)

    [row] = exported(anna, what="applications")

    assert row["subject"] == f"'{name}"


def test_names_with_commas_and_quotes_stay_one_cell(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    name = 'Bills, "new"; \u05d7\u05e9\u05d1\u05d5\u05df'
    anna.register(name)

    [row] = exported(anna, what="applications")

    assert row["subject"] == name


def test_an_export_is_a_file_that_no_cache_keeps(portal: PortalServer) -> None:
    response = portal.as_("anna").get("/activity/export/", {"format": "csv"})

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith('attachment; filename="activity-prod')
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"format": "xml"},
        {"format": "csv", "since": "x"},
        {"format": "csv", "before": "x"},
    ],
)
def test_an_export_of_nonsense_is_not_found(portal: PortalServer, query: dict[str, str]) -> None:
    assert portal.as_("anna").get("/activity/export/", query).status_code == 404
