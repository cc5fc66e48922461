"""Usage and recent refusals on the portal's pages."""

from uuid import UUID

import pytest

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from gatepass.wire.errors import OAuthError
from server.portal.fixtures import Browser, PortalServer
from server.portal.test_templates import Page

EXPIRED = OAuthError(
    "invalid_client", "No.", log_detail="expired secret ending in 4f2a", reason="expired_secret"
)
HOUR = 3600


def application(portal: PortalServer, path: str) -> CachedApplication:
    app_id = UUID(path.rstrip("/").rpartition("/")[2])
    found = portal.environment.applications.load(app_id.bytes)
    assert found
    return found


def issue(portal: PortalServer, path: str, times: int) -> None:
    for _ in range(times):
        portal.environment.usage.issued(application(portal, path))
    maintenance.flush(portal.environment)


def refuse(
    portal: PortalServer, path: str, refused: OAuthError = EXPIRED, source: str = "192.0.2.77"
) -> None:
    at = portal.environment.clock()
    portal.environment.usage.refused(application(portal, path), refused, source, b"curl/8.5", at)
    maintenance.flush(portal.environment)


def figures(browser: Browser, path: str, usage: str) -> list[tuple[str, ...]]:
    """Return the rows of the table behind the picture."""
    page = browser.get(path + "usage/", {"usage": usage}).text
    if "Show as a table" not in page:
        return []
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    words = [each.strip() for each in Page.read(body).text if each.strip()]
    return list(zip(words[::3], words[1::3], words[2::3], strict=True))


def test_a_new_application_says_what_its_usage_will_show(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    page = browser.get(browser.register() + "usage/").text

    assert "Nothing in the last 24 hours." in page
    assert '<svg class="plot"' not in page


def test_issued_tokens_and_refusals_are_drawn_and_told_in_a_table(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    issue(portal, path, 1234)
    clock.advance(HOUR)
    issue(portal, path, 1)
    refuse(portal, path)
    browser = portal.as_("anna")

    assert figures(browser, path, "24h") == [
        ("Fri 15 Jan, 09:00", "1", "1"),
        ("Fri 15 Jan, 08:00", "1,234", "0"),
    ]
    page = browser.get(path + "usage/").text
    assert page.count('<svg class="plot"') == 2
    assert "1,235 tokens issued in 24 hours" in page
    assert "1 requests refused in 24 hours" in page


def test_each_range_shows_what_lies_in_it(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    for hours in (0, 20 * 24, 5 * 24, 23):
        clock.advance(hours * HOUR)
        issue(portal, path, 1)
    maintenance.prune(portal.environment)
    browser = portal.as_("anna")

    assert len(figures(browser, path, "24h")) == 2
    assert len(figures(browser, path, "7d")) == 3
    assert len(figures(browser, path, "90d")) == 4


@pytest.mark.parametrize("usage", ["", "1y", "24H", "<script>", "7d&usage=90d"])
def test_a_range_that_is_not_offered_is_a_day(portal: PortalServer, usage: str) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    page = browser.get(path + "usage/", {"usage": usage})

    assert page.status_code == 200
    assert 'usage=24h" aria-current="true"' in page.text


def test_the_chosen_range_is_marked(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    page = browser.get(path + "usage/", {"usage": "7d"}).text
    assert 'usage=7d" aria-current="true"' in page


def test_a_refusal_is_told_in_words_with_what_to_do(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    for _ in range(3):
        refuse(portal, path)

    page = browser.get(path + "refusals/").text
    assert "Expired secret ending in 4f2a" in page
    assert "A program still uses the secret from before a rotation." in page
    assert "192.0.2.77" in page
    assert "curl/8.5" in page
    assert "<span>3<" in page


def test_a_refused_request_shows_up_with_its_reason(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    client_id = application(portal, path).client_id
    form = {"grant_type": "client_credentials"}
    browser.client.post("/oauth2/token/", auth=(client_id, "gps_live_wrong"), data=form)
    maintenance.flush(portal.environment)

    assert "Wrong secret" in browser.get(path + "refusals/").text


def test_refusals_from_several_addresses_are_lines_of_their_own_the_newest_first(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    for number in range(4):
        refuse(portal, path, source=f"192.0.2.{number}")
        clock.advance(1)

    everything = browser.get(path + "refusals/").text
    assert [everything.count(f"192.0.2.{number}<") for number in range(4)] == [1, 1, 1, 1]
    assert everything.index("192.0.2.3<") < everything.index("192.0.2.0<")


def test_without_refusals_the_page_says_what_it_is_for(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    assert "No refusals" in browser.get(browser.register() + "refusals/").text


def test_who_asks_for_a_token_per_call_is_told_so_with_figures(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    issue(portal, path, 29)
    assert "One is enough" not in browser.get(path + "usage/").text
    issue(portal, path, 3_371)

    page = browser.get(path + "usage/").text
    assert "It requests too many tokens: 3,400 in the last hour." in browser.get(path).text
    assert "In the last hour this application requested 3,400 tokens; each lives 10 hours." in page
    clock.advance(2 * HOUR)
    assert "One is enough" not in portal.as_("anna").get(path + "usage/").text


def test_staff_see_refusals_users_and_strangers_do_not(portal: PortalServer) -> None:
    path = portal.as_("anna").register()
    refuse(portal, path)

    assert "192.0.2.77" in portal.as_("sven").get(path + "refusals/").text
    assert portal.as_("ulla").get(path + "refusals/").status_code == 403
    assert portal.as_("bo").get(path + "refusals/").status_code == 404
    assert portal.browser().get(path + "refusals/").status_code == 303


def test_hostile_words_of_a_client_stay_words(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    hostile = OAuthError(
        "invalid_scope", "No.", log_detail="scope not allowed: <script>alert(1)</script>"
    )
    refuse(portal, path, hostile, source="<b>")

    page = browser.get(path + "refusals/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>" not in page


ALL = "/oauth2/applications/usage/"


def test_the_usage_of_all_applications_is_added_up_and_the_most_used_come_first(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    few, many = browser.register("Few"), browser.register("Many")
    browser.register("Never used")
    issue(portal, few, 2)
    issue(portal, many, 40)
    refuse(portal, few)
    others = portal.as_("bo").register("Of another organization")
    issue(portal, others, 1000)

    page = browser.get(ALL).text

    assert "42 tokens issued in 24 hours" in page
    assert "1 requests refused in 24 hours" in page
    assert page.index(">Many</a>") < page.index(">Few</a>")
    assert "Never used" not in page
    assert "Of another organization" not in page
    assert f'href="{many}usage/?usage=24h"' in page


def test_the_usage_of_all_applications_of_a_week_has_older_days(
    portal: PortalServer, clock: Clock
) -> None:
    path = portal.as_("anna").register()
    issue(portal, path, 5)
    clock.advance(3 * 24 * HOUR)
    browser = portal.as_("anna")

    assert "Nothing in the last 24 hours." in browser.get(ALL).text
    assert "5 tokens issued in 7 days" in browser.get(ALL, {"usage": "7d"}).text


@pytest.mark.parametrize("usage", ["90d", "", "<script>", "x" * 300])
def test_a_range_that_is_not_offered_for_all_is_a_day(portal: PortalServer, usage: str) -> None:
    page = portal.as_("anna").get(ALL, {"usage": usage}).text

    assert 'usage=24h" aria-current="true"' in page


def test_staff_see_the_usage_of_all_applications_and_users_do_not(portal: PortalServer) -> None:
    assert portal.as_("sven").get(ALL).status_code == 200
    assert portal.as_("ulla").get(ALL).status_code == 403
