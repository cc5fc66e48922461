"""The list of applications: searched, filtered, sorted, in pages."""

import re
from html import unescape
from uuid import uuid4

import pytest

from gatepass.server.domain.applications.listing.model import PAGE
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer

LIST = "/oauth2/applications/"
NAMES = ["\u05d7\u05e9\u05d1\u05d5\u05df", "100 %", "\u00c4nderung", "Meter sync", "Billing sync"]


def names(browser: Browser, **query: str) -> list[str]:
    text = browser.get(LIST, query).text
    return [unescape(each) for each in re.findall(r'scope="row"><a href="[^"]*">([^<]*)', text)]


def copies(portal: PortalServer, number: int) -> None:
    """Add applications as the first one, which differ in name and id."""
    columns = [str(row[1]) for row in portal.rows("PRAGMA table_info(application)")]
    others = ", ".join(each for each in columns if each not in {"id", "client_id", "name"})
    for at in range(number):
        portal.run(
            f"INSERT INTO application (id, client_id, name, {others}) "
            f"SELECT '{uuid4().hex}', 'gpc_live_copy{at:05}', 'Copy {at:05}', {others} "
            "FROM application WHERE name = 'Original'"
        )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("billing", ["Billing sync"]),
        ("SYNC", ["Meter sync", "Billing sync"]),
        ("\u00c4NDERUNG", ["\u00c4nderung"]),
        ("\u05d7\u05e9", ["\u05d7\u05e9\u05d1\u05d5\u05df"]),
        ("  meter ", ["Meter sync"]),
        ("%", ["100 %"]),
        ("_", []),
        ("'; DROP TABLE application; --", []),
        ("x" * 5000, []),
        ("\0", NAMES),
    ],
)
def test_a_search_finds_any_part_of_a_name(
    portal: PortalServer, clock: Clock, text: str, found: list[str]
) -> None:
    anna = portal.as_("anna")
    for name in reversed(NAMES):
        anna.register(name)
        clock.advance(1)

    assert names(anna, q=text) == found


def test_a_search_finds_a_part_of_the_client_id(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    anna.register("First")
    anna.register("Second")
    [(client_id,)] = portal.rows("SELECT client_id FROM application WHERE name = 'Second'")

    assert names(anna, q=client_id[-6:]) == ["Second"]


def test_a_search_finds_nothing_of_another_organization(portal: PortalServer) -> None:
    portal.as_("bo").register("Secret plan")

    text = portal.as_("anna").get(LIST, {"q": "plan"}).text

    assert "Secret plan" not in text
    assert "Nothing found" in text


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("active", {"Used", "Ends", "Ended"}),
        ("disabled", {"Off"}),
        ("unused", {"Ends", "Off", "Ended"}),
        ("expiring", {"Ends"}),
        ("nonsense", {"Used", "Ends", "Off", "Ended"}),
    ],
)
def test_a_filter_shows_one_kind(
    portal: PortalServer, clock: Clock, state: str, found: set[str]
) -> None:
    anna = portal.as_("anna")
    anna.register("Used")
    portal.run("UPDATE application SET last_used_at = created_at")
    ended = anna.register("Ended", secret_end="30")
    clock.advance(60)
    anna.post(f"{ended}rotate/", overlap="86400", secret_end="never")
    anna.register("Ends", secret_end="30")
    anna.post(anna.register("Off") + "disable/")

    assert set(names(anna, state=state)) == found


def test_the_order_is_by_time_name_or_use(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    for name in ("beta", "Alpha", "gamma"):
        anna.register(name)
        clock.advance(60)
    portal.run("UPDATE application SET last_used_at = created_at WHERE name = 'beta'")

    assert names(anna) == ["gamma", "Alpha", "beta"]
    assert names(anna, sort="name") == ["Alpha", "beta", "gamma"]
    assert names(anna, sort="used")[0] == "beta"
    assert names(anna, sort="; DROP") == names(anna)


def test_pages_have_every_application_once_and_keep_the_search(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    anna.register("Original")
    copies(portal, 2 * PAGE + 3)

    found: list[str] = []
    url: str | None = f"{LIST}?q=copy&sort=name"
    while url:
        text = anna.get(unescape(url)).text
        found += re.findall(r">(Copy \d+)<", text)
        following = re.search(rf'href="({re.escape(LIST)}\?[^"]*)" rel="next"', text)
        url = following[1] if following else None

    assert found == [f"Copy {number:05}" for number in range(2 * PAGE + 3)]
    assert f"{2 * PAGE + 1} to {2 * PAGE + 3} of {2 * PAGE + 3}" in text


@pytest.mark.parametrize("number", ["0", "-1", "2x", "99999", "9" * 400, "\u0663", ""])
def test_a_page_that_is_not_there_shows_one_that_is(portal: PortalServer, number: str) -> None:
    anna = portal.as_("anna")
    anna.register("Original")

    assert names(anna, page=number) == ["Original"]


def test_few_applications_have_no_search_above_them(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    anna.register("Original")
    few = anna.get(LIST).text
    copies(portal, 5)

    assert 'type="search"' not in few
    assert 'type="search"' in anna.get(LIST).text


def test_a_page_of_many_is_small(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    anna.register("Original")
    copies(portal, 300)

    text = anna.get(LIST).text

    assert len(text.encode()) < 35_000
    assert "1 to 25 of 301" in text
