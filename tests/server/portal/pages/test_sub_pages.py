"""The pages of one application: who sees which, what needs attention, and where forms lead back."""

import re
from datetime import timedelta

import pytest

from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_registration import shown

FOR_ALL = ["", "credentials/", "certificates/", "usage/", "refusals/", "uses/", "guide/"]
FOR_ADMINISTRATORS = ["rotation/", "settings/", "activity/", "danger/"]


def tabs(text: str) -> list[str]:
    navigation = text.split('class="tabs"')[1].split("</nav>", maxsplit=1)[0]
    return re.findall(r'<a href="[^"]*"[^>]*>([^<]*)</a>', navigation)


def copied(browser: Browser, path: str) -> tuple[str, str]:
    text = browser.get(path + "credentials/").text
    return shown(text, "client-id"), shown(text, "client-secret")


def ask(browser: Browser, pair: tuple[str, str]) -> int:
    form = {"grant_type": "client_credentials"}
    return browser.client.post("/oauth2/token/", auth=pair, data=form).status_code


def attention(browser: Browser, path: str) -> str:
    """Return the part of the overview that says what needs attention, if there is one."""
    _, _, rest = browser.get(path).text.partition('id="attention"')
    return rest.partition("</section>")[0]


@pytest.mark.parametrize("page", [*FOR_ALL, *FOR_ADMINISTRATORS])
def test_each_page_has_its_address_and_says_where_it_is(portal: PortalServer, page: str) -> None:
    browser = portal.as_("anna")
    path = browser.register("Billing sync")
    copied(browser, path)

    answer = browser.get(path + page)

    assert answer.status_code == 200
    assert "Billing sync" in answer.text.split("<title>")[1].split("</title>")[0]
    assert answer.text.count('aria-current="page"') == (
        1 if page in {"certificates/", "guide/", "rotation/", "uses/"} else 2
    )


@pytest.mark.parametrize("page", FOR_ADMINISTRATORS)
def test_staff_see_no_page_that_changes_anything(portal: PortalServer, page: str) -> None:
    path = portal.as_("anna").register()
    browser = portal.as_("sven")

    assert tabs(browser.get(path).text) == ["Overview", "Credentials", "Usage", "Refusals"]
    assert browser.get(path + page).status_code == 403


@pytest.mark.parametrize("page", [*FOR_ALL, *FOR_ADMINISTRATORS])
def test_no_page_shows_another_organizations_application(portal: PortalServer, page: str) -> None:
    path = portal.as_("anna").register()

    assert portal.as_("bo").get(path + page).status_code == 404


@pytest.mark.parametrize(
    ("form", "values", "page"),
    [
        ("rename/", {"name": "New"}, "settings/"),
        ("scope/", {"scope_read": "yes"}, "settings/"),
        ("void/", {}, "danger/"),
        ("disable/", {}, "danger/"),
    ],
)
def test_a_form_leads_back_to_its_page(
    portal: PortalServer, form: str, values: dict[str, str], page: str
) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    answer = browser.post(path + form, **values)

    assert answer.headers["location"] == path + page


def test_staff_never_see_the_secret_that_an_administrator_made(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    path = anna.register()

    seen = portal.as_("sven").get(path + "credentials/").text

    assert 'id="client-secret"' not in seen
    assert 'id="client-secret"' in anna.get(path + "credentials/").text


def test_a_new_application_needs_a_contact_and_nothing_else(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    assert attention(browser, path).count("<li") == 1
    browser.post(path + "contact/", contact="ops@acme.example")
    assert attention(browser, path) == ""


def test_what_was_never_used_is_named_after_a_day(portal: PortalServer, clock: Clock) -> None:
    path = portal.as_("anna").register()
    clock.advance(25 * 3600)

    assert "It was never used." in attention(portal.as_("anna"), path)


def test_what_was_not_used_for_90_days_is_named(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    ask(browser, copied(browser, path))
    maintenance.flush(portal.environment)
    clock.advance(timedelta(days=91).total_seconds())

    assert "It was not used for 90 days." in attention(portal.as_("anna"), path)


def test_refusals_of_the_last_day_are_counted_and_linked(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    client_id, secret = copied(browser, path)
    ask(browser, (client_id, secret[:-1]))
    maintenance.flush(portal.environment)

    assert "1 request was refused in the last 24 hours." in attention(browser, path)
    assert f'href="{path}refusals/"' in attention(browser, path)
    clock.advance(25 * 3600)
    assert "refused" not in attention(portal.as_("anna"), path)


def test_a_secret_that_expires_soon_is_named(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register(secret_end="30")

    assert "It expires in 30 days." in attention(browser, path)


def test_the_activity_of_an_application_has_nothing_of_another_one(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path, other = browser.register("Billing sync"), browser.register("Meter import")
    browser.post(path + "contact/", contact="ops@acme.example")
    browser.post(other + "disable/")

    text = browser.get(path + "activity/").text

    assert "Set the contact to ops@acme.example" in text
    assert "Registered an application" in text
    assert "Disabled an application" not in text
    assert "Meter import" not in text


def test_older_activity_of_an_application_is_on_further_pages(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    for number in range(51):
        browser.post(path + "contact/", contact=f"ops{number}@acme.example")

    first = browser.get(path + "activity/").text
    older = re.findall(r'href="([^"]*before=\d+)"', first)

    assert len(older) == 1
    assert older[0].startswith(path + "activity/?")
    assert "Registered an application" not in first
    assert "Registered an application" in browser.get(older[0]).text
