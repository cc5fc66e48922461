"""The pages in a real browser: they work under their own policy and without internet."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.chromium import launched
from gatepass.wire.metadata import PARTNER_API
from server.partner_api.partner import Partner


@pytest.fixture
def page() -> Iterator[Page]:
    with launched() as browser:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        yield page


def test_a_partner_tries_the_api_on_its_pages(served: Partner, page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{served.environment.partner_api}/docs")

    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("client_id").fill(served.registered.application.client_id)
    page.get_by_label("client_secret").fill(served.registered.secret.value)
    page.get_by_text("select all").click()
    page.get_by_role("button", name="Apply given OAuth2 credentials").click()
    page.get_by_role("button", name="Close").first.click()
    page.get_by_text("Get Organization").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("org_id").fill(served.org.rpartition("/")[2])
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text("Acme Energy", timeout=60_000)
    assert complaints == []
    assert {url.partition("/api/")[0] for url in asked if PARTNER_API in url} == {
        served.environment.issuer
    }
    assert [url for url in asked if not url.startswith((served.environment.issuer, "data:"))] == []
