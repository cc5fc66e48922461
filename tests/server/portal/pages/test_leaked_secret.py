"""What happens when an administrator says that a secret was leaked, and where it was used."""

import re

import pytest

from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_sub_pages import ask, copied


def actions(browser: Browser, path: str) -> list[str]:
    """Return the paths of the forms that say so, of the newest secret first."""
    return re.findall(r'action="([^"]*/leaked/)"', browser.get(path + "credentials/").text)


def token(browser: Browser, pair: tuple[str, str]) -> str:
    form = {"grant_type": "client_credentials"}
    answer = browser.client.post("/oauth2/token/", auth=pair, data=form)
    return str(answer.json()["access_token"])


def is_valid(portal: PortalServer, browser: Browser, held: str) -> bool:
    url = f"/api/partners/v2.0/org/{portal.person('anna').org_id}"
    return browser.client.get(url, headers={"authorization": f"Bearer {held}"}).status_code == 200


def test_the_newest_secret_is_revoked_with_all_tokens_and_replaced(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    leaked = copied(browser, path)
    held = token(browser, leaked)
    clock.advance(60)
    (action,) = actions(browser, path)

    answer = browser.post(action, secret_end="never")

    assert answer.headers["location"] == path + "credentials/"
    page = browser.get(path + "credentials/").text
    assert "All tokens that the application had are revoked." in page
    new = leaked[0], page.split('id="client-secret"')[1].split(">")[1].split("<")[0]
    assert ask(browser, leaked) == 401
    assert ask(browser, new) == 200
    assert not is_valid(portal, browser, held)
    assert portal.actions()[-2:] == ["secret.leaked", "application.tokens_voided"]
    assert "Marked the secret" in browser.get(path + "activity/").text


def test_of_an_old_secret_only_it_and_the_tokens_are_revoked(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = copied(browser, path)
    clock.advance(60)
    browser.post(path + "rotate/", overlap="604800")
    new = copied(browser, path)
    held = token(browser, new)
    clock.advance(60)
    _, action = actions(browser, path)

    browser.post(action)

    assert ask(browser, old) == 401
    assert ask(browser, new) == 200
    assert not is_valid(portal, browser, held)
    page = browser.get(path + "credentials/").text
    assert "The leaked secret and all tokens are revoked." in page
    assert 'id="client-secret"' not in page


def test_a_leak_of_the_new_secret_leaves_the_old_one_its_end(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = copied(browser, path)
    clock.advance(60)
    browser.post(path + "rotate/", overlap="first-use")
    leaked = copied(browser, path)
    clock.advance(60)

    browser.post(actions(browser, path)[0], secret_end="never")
    new = copied(browser, path)

    assert ask(browser, leaked) == 401
    assert ask(browser, old) == 200
    assert ask(browser, new) == 200
    maintenance.flush(portal.environment)
    portal.environment.catch_up()
    assert ask(browser, old) == 401


def test_the_same_form_sent_twice_makes_one_secret(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    copied(browser, path)
    clock.advance(60)
    (action,) = actions(browser, path)
    form = {"secret_end": "never", "once": browser.form_id(path + "credentials/")}

    first, second = (browser.post(action, **form) for _ in range(2))

    assert first.headers["location"] == second.headers["location"] == path + "credentials/"
    assert ask(browser, copied(browser, path)) == 200
    assert portal.actions().count("secret.leaked") == 1


def test_an_end_that_has_passed_changes_nothing_and_is_named_beside_its_field(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    (action,) = actions(browser, path)

    answer = browser.post(action, secret_end="date", secret_end_date="2020-01-01")

    assert answer.status_code == 400
    assert re.search(r'id="leaked_[0-9a-f-]+-error"', answer.text)
    assert ask(browser, pair) == 200


def test_a_secret_of_another_application_is_not_found(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register("One")
    copied(browser, path)
    other = browser.register("Two")
    pair = copied(browser, other)
    (action,) = actions(browser, other)

    answer = browser.post(action.replace(other, path), secret_end="never")

    assert answer.status_code == 404
    assert ask(browser, pair) == 200


def test_staff_may_not_say_so(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    path = anna.register()
    pair = copied(anna, path)
    (action,) = actions(anna, path)

    assert portal.as_("sven").post(action, secret_end="never").status_code == 403
    assert ask(anna, pair) == 200


def used(portal: PortalServer, pair: tuple[str, str], source: str, agent: str) -> None:
    browser = portal.browser(source)
    browser.client.headers["user-agent"] = agent
    assert ask(browser, pair) == 200


def test_every_address_of_a_secret_is_shown_though_it_has_ended(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    used(portal, pair, "198.51.100.1", "billing-sync/7")
    maintenance.flush(portal.environment)
    used(portal, pair, "198.51.100.2", "curl/8")
    used(portal, pair, "198.51.100.3", "attack/1")
    used(portal, pair, "198.51.100.1", "billing-sync/8")
    maintenance.flush(portal.environment)
    clock.advance(60)
    browser.post(actions(browser, path)[0], secret_end="never")
    copied(browser, path)
    clock.advance(60)
    browser.post(path + "rotate/", overlap="0")  # which removes what has ended
    copied(browser, path)

    page = browser.get(path + "uses/").text

    for source, agent in (("1", "billing-sync/8"), ("2", "curl/8"), ("3", "attack/1")):
        assert page.count(f"198.51.100.{source}<") == 1
        assert agent in page
    assert "billing-sync/7" not in page
    assert pair[1] not in page
    assert pair[1][-4:] in page


def test_after_90_days_an_address_is_forgotten(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    for source in ("198.51.100.1", "198.51.100.2"):
        used(portal, pair, source, "curl/8")
        maintenance.flush(portal.environment)
    assert portal.rows("SELECT count(*) FROM secret_use") == [(1,)]

    clock.advance(91 * 24 * 3600)
    maintenance.prune(portal.environment)

    assert portal.rows("SELECT count(*) FROM secret_use") == [(0,)]
    assert "198.51.100.1" not in portal.as_("anna").get(path + "uses/").text


def test_of_an_application_200_addresses_are_kept_and_shown_on_pages(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    for number in range(210):
        clock.advance(1)
        used(portal, pair, f"198.51.100.{number}", "curl/8")
    maintenance.flush(portal.environment)

    assert portal.rows("SELECT count(*) FROM secret_use") == [(200,)]
    url, shown = path + "uses/", 0
    while url:
        text = browser.get(url).text
        shown += text.count("curl/8")
        older = re.findall(r'href="([^"]*\?page=\d+)"', text)
        url = older[0] if older else ""
    assert shown == 201


@pytest.mark.parametrize("number", ["", "0", "-1", "9999999", "x", "\u0662", "1e1"])
def test_a_page_that_makes_no_sense_is_the_first_one(portal: PortalServer, number: str) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    used(portal, pair, "198.51.100.1", "curl/8")
    maintenance.flush(portal.environment)

    answer = browser.get(path + "uses/", {"page": number})

    assert answer.status_code == 200
    assert "198.51.100.1" in answer.text


def test_a_program_that_stays_at_its_address_writes_nothing_more(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    for _ in range(3):
        used(portal, pair, "198.51.100.1", "curl/8")
        maintenance.flush(portal.environment)

    assert portal.rows("SELECT count(*) FROM secret_use") == [(0,)]
