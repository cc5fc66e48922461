"""A form that waits while its person logs in at the provider again."""

import re
from html import unescape

import pytest
from httpx2 import Response

from gatepass.testing import Clock
from server.portal.fixtures import Browser
from server.portal.pages.sessions.verifying import ASKED, VERIFY, hidden
from server.portal.single_sign_on.company import REFUSED, ZOE, Company

END_OTHERS = "/accounts/sessions/end/"


@pytest.fixture
def zoe(company: Company, clock: Clock) -> Browser:
    """A browser of somebody who has an account by arrival, and came twenty minutes ago."""
    company.save_people()
    company.provider.person = dict(ZOE)
    browser = company.portal.browser()
    assert company.log_in(browser).status_code == 303
    clock.advance(20 * 60)
    return browser


def provider_url(company: Company, browser: Browser, asked: Response) -> str:
    """Follow the link of the page that asks, in another tab; return where that leads."""
    [link] = re.findall(r'href="(/account/single-sign-on/proof/[^"]*)"', asked.text)
    return company.go(browser, unescape(link))


def go_on(browser: Browser, asked: Response) -> Response:
    """Press the button of the page that has kept the form."""
    return browser.send(VERIFY, hidden(asked.text))


def test_the_form_is_sent_on_after_a_fresh_login_there(company: Company, zoe: Browser) -> None:
    asked = zoe.post(END_OTHERS)
    company.come_back(zoe, provider_url(company, zoe, asked))

    done = go_on(zoe, asked)

    assert ASKED in asked.text
    assert "(in a new tab)" in asked.text
    assert done.status_code == 303
    assert company.portal.actions()[-1] == "sessions.others_ended"


def test_nothing_is_done_before_the_person_was_there(company: Company, zoe: Browser) -> None:
    asked = zoe.post(END_OTHERS)

    again = go_on(zoe, asked)

    assert "You have not logged in at your company again." in again.text
    assert hidden(again.text)["saved_form_0"]
    assert "sessions.others_ended" not in company.portal.actions()


@pytest.mark.parametrize(
    ("changed", "person"),
    [
        ({"auth_time": 0}, {}),
        ({"auth_time": None}, {}),
        ({}, {"sub": "somebody-else"}),
    ],
)
def test_what_is_no_proof_leaves_the_form_waiting(
    company: Company, zoe: Browser, changed: dict[str, object], person: dict[str, object]
) -> None:
    asked = zoe.post(END_OTHERS)
    url = provider_url(company, zoe, asked)
    company.provider.changed = changed
    company.provider.person = {**company.provider.person, **person}
    refused = company.come_back(zoe, url)

    again = go_on(zoe, asked)

    assert REFUSED in refused.text
    assert "You have not logged in at your company again." in again.text
    assert "sessions.others_ended" not in company.portal.actions()
