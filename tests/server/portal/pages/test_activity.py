"""The organization's own part of the audit trail."""

import re
from datetime import UTC, datetime

import pytest

from gatepass.server.domain.audit.model import Entry
from gatepass.server.portal.pages.activity import in_words
from server.portal.fixtures import PortalServer

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
