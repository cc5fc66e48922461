"""The documentation site in a browser, from disk and from the server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from docs.site import built
from server_process import serving

PAGES = ("index", "start/ten-minutes", "reference/settings", "reference/python/guard", "search")


@pytest.fixture
def site() -> Path:
    return built()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_no_page_asks_the_network_for_anything(page: Page, site: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    for name in PAGES:
        page.goto((site / f"{name}.html").as_uri())

    assert len(asked) > len(PAGES)
    assert {url for url in asked if not url.startswith(("file:", "data:"))} == set()


def test_the_search_finds_pages(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    search = page.get_by_role("search").get_by_role("textbox")
    search.fill("master key")
    search.press("Enter")

    page.get_by_role("link", name="Settings", exact=True).and_(
        page.locator("#search-results a")
    ).click()

    assert page.url.partition("?")[0] == (site / "reference" / "settings.html").as_uri()


def test_the_reader_chooses_light_or_dark(page: Page, site: Path) -> None:
    page.emulate_media(color_scheme="light")
    page.goto((site / "index.html").as_uri())
    light = background(page)
    page.locator(".theme-toggle-content button").click()

    page.goto((site / "tasks" / "index.html").as_uri())
    assert background(page) != light
    page.emulate_media(color_scheme="dark")
    page.evaluate("localStorage.clear()")
    page.reload()
    assert background(page) != light


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(browser: Browser, site: Path, name: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme="light")
    page.goto((site / f"{name}.html").as_uri())
    violations = Axe().run(page).response["violations"]
    width = page.evaluate("document.documentElement.scrollWidth")
    page.emulate_media(color_scheme="dark")
    contrast = {"runOnly": ["color-contrast"]}  # all that another scheme changes
    violations += Axe().run(page, options=contrast).response["violations"]
    page.close()

    assert [(each["id"], node["html"]) for each in violations for node in each["nodes"]] == []
    assert width == 360


def test_the_server_sends_a_site_that_its_policy_lets_work(
    page: Page, site: Path, tmp_path: Path
) -> None:
    faults: list[str] = []
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "requestfailed",
        # A page that is left early does not load its icon, which is no fault of the policy.
        lambda request: (
            faults.append(request.url) if request.failure != "net::ERR_ABORTED" else None
        ),
    )
    with serving(tmp_path / "data", variables={"GATEPASS_DOCS": str(site)}) as server:
        page.goto(f"{server.url()}/docs/reference/errors.html#invalid_client")
        page.locator(".theme-toggle-content button").click()
        for name in ("tasks/protect-an-api", "reference/client-speed"):
            page.goto(f"{server.url()}/docs/{name}.html")
        page.goto(f"{server.url()}/docs/search.html?q=revocation")
        page.locator("#search-results .context").first.wait_for()  # from a page that was found
        page.get_by_text("Search finished").wait_for()
        page.wait_for_load_state("networkidle")
        icon = page.locator(".sidebar-logo").evaluate("image => image.naturalWidth")

    assert faults == []
    assert icon > 0


def background(page: Page) -> str:
    color: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return color
