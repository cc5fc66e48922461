"""The page of a rotation: it shows where the rotation stands, whoever continues it."""

import re

from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_sub_pages import ask, attention, copied

STEP = re.compile(r'aria-current="step">\s*<h3><span[^>]*>(\d)</span>')


def current(browser: Browser, path: str) -> str:
    """Return the number of the step that the page shows as the current one."""
    (step,) = STEP.findall(browser.get(path + "rotation/").text)
    return str(step)


def rotated(browser: Browser, path: str, overlap: str = "604800") -> tuple[str, str]:
    answer = browser.post(path + "rotate/", overlap=overlap)
    assert answer.status_code == 303
    return copied(browser, path)


def test_it_begins_with_a_new_secret(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    assert current(browser, browser.register()) == "1"


def test_a_secret_that_nobody_uses_yet_is_to_be_deployed(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    clock.advance(60)
    rotated(browser, path)

    assert current(browser, path) == "2"
    assert "The new secret is not in use yet" in attention(browser, path)
    assert "Go on with the rotation" in browser.get(path + "credentials/").text


def test_while_a_program_uses_the_old_secret_it_waits(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = copied(browser, path)
    clock.advance(60)
    new = rotated(browser, path)
    browser.client.headers["user-agent"] = "billing-sync/7"
    for pair in (new, old):
        assert ask(browser, pair) == 200
    maintenance.flush(portal.environment)

    assert current(browser, path) == "3"
    page = browser.get(path + "rotation/").text
    assert page.count("billing-sync/7") == 2
    assert "A program has used the old secret lately." in page


def test_when_no_program_needs_the_old_secret_it_can_be_revoked(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = copied(browser, path)
    assert ask(browser, old) == 200
    maintenance.flush(portal.environment)
    clock.advance(60)
    new = rotated(browser, path)
    clock.advance(25 * 3600)
    browser = portal.as_("anna")
    assert ask(browser, new) == 200
    maintenance.flush(portal.environment)

    assert current(browser, path) == "4"
    page = browser.get(path + "rotation/").text
    assert "Safe to revoke" in page
    (action,) = set(re.findall(r'action="([^"]*/end/)"', page))
    assert browser.post(action).headers["location"] == path + "credentials/"
    assert ask(browser, old) == 401
    assert ask(browser, new) == 200
    assert current(browser, path) == "1"


def test_a_new_secret_that_was_lost_is_revoked_and_made_again(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = copied(browser, path)
    clock.advance(60)
    lost = rotated(browser, path)
    page = browser.get(path + "rotation/").text
    of_the_new_one = page.split('id="lost"')[1]

    action = re.findall(r'action="([^"]*/end/)"', of_the_new_one)[0]
    browser.post(action)

    assert ask(browser, lost) == 401
    assert ask(browser, old) == 200
    assert current(browser, path) == "1"


def test_the_old_secret_may_live_on_for_30_days(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = copied(browser, path)

    rotated(browser, path, overlap="2592000")

    clock.advance(29 * 24 * 3600)
    assert ask(browser, old) == 200
    clock.advance(2 * 24 * 3600)
    assert ask(browser, old) == 401


def test_staff_have_no_page_of_a_rotation(portal: PortalServer) -> None:
    path = portal.as_("anna").register()

    assert portal.as_("sven").get(path + "rotation/").status_code == 403
