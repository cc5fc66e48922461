"""The pages in a real browser: they work under their own policy and without internet."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from browser.chromium import launched
from gatepass.wire.metadata import PARTNER_API
from server.partner_api.partner_client import Partner

pytestmark = pytest.mark.slow


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


def test_a_test_token_of_the_portal_is_used_and_not_kept(served: Partner, page: Page) -> None:
    page.goto(f"{served.environment.partner_api}/docs")
    page.evaluate("token => sessionStorage.setItem('gatepass-test-token', token)", served.token())
    page.reload()

    page.get_by_text("Get Organization").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("org_id").fill(served.org.rpartition("/")[2])
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text("Acme Energy", timeout=60_000)
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("width", [1280, 360])
def test_in_dark_mode_all_text_stands_out_from_its_background(
    served: Partner, page: Page, width: int
) -> None:
    _open(served, page, width, "dark")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(28, 32, 34)"
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_have_css("color", "rgb(255, 143, 143)")  # once it has faded in
    assert _contrast_violations(page) == []
    page.get_by_role("button", name="Authorize").first.click()
    expect(page.get_by_label("client_secret")).to_be_visible()
    assert _contrast_violations(page) == []


def test_the_pages_follow_the_system_from_light_to_dark_and_back(
    served: Partner, page: Page
) -> None:
    _open(served, page, 1280, "light")
    title = page.locator(".swagger-ui .info .title").first
    ink = {"light": "rgb(59, 65, 81)"}

    expect(title).to_have_css("color", ink["light"])
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_class("dark-mode")
    expect(title).not_to_have_css("color", ink["light"])
    page.emulate_media(color_scheme="light")
    expect(title).to_have_css("color", ink["light"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_telephone(served: Partner, page: Page, scheme: str) -> None:
    _open(served, page, 360, scheme)

    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(wider) is False


def _open(served: Partner, page: Page, width: int, scheme: str) -> None:
    """Open the pages with one call unfolded, whose answers take the most room."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    page.goto(f"{served.environment.partner_api}/docs")
    page.get_by_text("Create User").click()
    page.get_by_role("button", name="Try it out").click()
    expect(page.locator(".responses-table").first).to_be_visible()


def _contrast_violations(page: Page) -> list[object]:
    rules = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
    found = Axe().run(page, options=rules).response["violations"]
    return [node["target"] for violation in found for node in violation["nodes"]]
