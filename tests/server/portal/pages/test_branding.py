"""A portal with the operator's name, logo, colours, links and texts."""

import re
from pathlib import Path

import pytest

from gatepass.server.configuration.branding.settings import BrandingSettings
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.mail_settings import MailSettings
from gatepass.server.domain.changes.outbox.model import Message
from gatepass.server.environment.mail.delivery import site_of
from gatepass.server.environment.mail.rendering import render
from gatepass.wire.metadata import PARTNER_API
from server.configuration.branding.samples import DRAWING, picture
from server.portal.conftest import MakePortal
from server.portal.fixtures import PortalServer

BRAND = {
    "name": "Acme & Sons <Energy>",
    "logo": "logo.svg",
    "logo_dark": "dark.png",
    "icon": "dark.png",
    "light": {"accent": "#7a1fa2"},
    "support": "help@acme.example",
    "terms_url": "https://acme.example/terms?a=1&b=2",
    "privacy_url": "https://acme.example/privacy",
    "login_text": "Partners of <b>Acme</b>: see https://acme.example/help\n\nCall us.",
    "first_page_text": "Maintenance on Sunday.",
}
ESCAPED = "Acme &amp; Sons &lt;Energy&gt;"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "logo.svg").write_text(DRAWING)
    (tmp_path / "dark.png").write_bytes(picture())
    return tmp_path


@pytest.fixture
def branded(make_portal: MakePortal, images: Path) -> PortalServer:
    files = {name: str(images / str(BRAND[name])) for name in ("logo", "logo_dark", "icon")}
    sandbox = EnvironmentSettings(branding=BrandingSettings(name="Acme tests"))
    return make_portal(
        branding=BrandingSettings.model_validate({**BRAND, **files}), sandbox=sandbox
    )


def test_a_page_shows_name_logo_links_and_texts_and_nothing_of_gatepass(
    branded: PortalServer,
) -> None:
    page = branded.browser().get("/accounts/login/").text

    assert f"· {ESCAPED}</title>" in page
    assert f'<span class="brand-name">{ESCAPED}</span>' in page
    assert "Gatepass" not in page
    assert re.search(
        r'<source media="\(prefers-color-scheme: dark\)" srcset="[^"]+dark.png">', page
    )
    assert 'href="mailto:help@acme.example"' in page
    assert 'href="https://acme.example/terms?a=1&amp;b=2"' in page
    assert 'href="https://acme.example/privacy"' in page
    assert "Partners of &lt;b&gt;Acme&lt;/b&gt;: see <a" in page
    assert "<p>Call us.</p>" in page
    assert "Maintenance" not in page


def test_every_file_of_a_brand_is_served_and_kept_by_browsers(branded: PortalServer) -> None:
    browser = branded.browser()
    page = browser.get("/accounts/login/").text
    paths = re.findall(r'(?:href|src|srcset)="(/static/[^"]+)"', page)
    served = {path.rpartition("/")[2]: browser.get(path) for path in paths}

    assert {"logo.svg", "logo_dark.png", "icon.png", "brand.css"} <= set(served)
    assert {each.status_code for each in served.values()} == {200}
    assert all("immutable" in each.headers["cache-control"] for each in served.values())
    assert served["logo_dark.png"].content == picture()
    assert served["logo.svg"].headers["content-type"] == "image/svg+xml"
    assert "--accent:#7a1fa2;" in served["brand.css"].text


def test_a_drawing_that_is_opened_alone_can_do_and_load_nothing(branded: PortalServer) -> None:
    headers = branded.browser().get("/static/0123456789abcdef/logo.svg").headers

    policy = headers["content-security-policy"]
    assert {"default-src 'none'", "sandbox"} <= {each.strip() for each in policy.split(";")}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"  # it has the digest of another version


def test_the_first_page_after_the_login_has_its_own_text_and_no_other_page(
    branded: PortalServer,
) -> None:
    anna, ulla = branded.as_("anna"), branded.as_("ulla")

    assert "Maintenance on Sunday." in anna.get("/oauth2/applications/").text
    assert "Maintenance on Sunday." in ulla.get("/account/").text
    assert "Maintenance" not in anna.get("/account/").text


def test_the_sandbox_has_its_own_name_its_banner_and_its_yellow_icon(branded: PortalServer) -> None:
    page = branded.browser(sandbox=True).get("/accounts/login/").text

    assert "<title>SANDBOX · Log in · Acme tests</title>" in page
    assert '<strong class="band-word">SANDBOX</strong>' in page
    assert re.search(r'<link rel="icon" href="/static/\w+/sandbox\.svg"', page)
    assert "brand-logo" in page


def test_a_page_that_does_not_know_its_session_has_the_brand_too(branded: PortalServer) -> None:
    page = branded.browser().get("/nothing/").text

    assert ESCAPED in page
    assert "Gatepass" not in page


def test_a_logo_that_shows_the_name_has_it_as_its_text(
    make_portal: MakePortal, images: Path
) -> None:
    branding = BrandingSettings(name="Acme", logo=str(images / "logo.svg"), logo_has_name=True)

    page = make_portal(branding=branding).browser().get("/accounts/login/").text

    assert 'alt="Acme"' in page
    assert "brand-name" not in page


def test_a_support_that_is_neither_address_nor_link_is_shown_as_text(
    make_portal: MakePortal,
) -> None:
    portal = make_portal(operator={"name": "Acme", "support": "call 112"})

    assert "<li>Support: call 112</li>" in portal.browser().get("/accounts/login/").text


def test_the_documentation_of_the_api_has_the_brand(branded: PortalServer) -> None:
    browser = branded.browser()
    page = browser.get(f"{PARTNER_API}/docs").text

    assert f"<title>{ESCAPED} Partner API</title>" in page
    assert "SANDBOX" not in page
    for name in ("logo.svg", "brand.css", "icon.png"):
        (path,) = set(re.findall(rf'"((?:\.\./)+static/\w+/{re.escape(name)})"', page))
        assert browser.get(f"{PARTNER_API}/{path}").status_code == 200
    title = browser.get(f"{PARTNER_API}/openapi.json").json()["info"]["title"]
    assert title == "Acme & Sons <Energy> Partner API"


def test_the_documentation_of_the_sandboxs_api_says_so(branded: PortalServer) -> None:
    browser = branded.browser(sandbox=True)

    page = browser.get(f"{PARTNER_API}/docs").text
    assert "<title>SANDBOX · Acme tests Partner API</title>" in page
    assert "<strong>SANDBOX</strong>" in page
    title = browser.get(f"{PARTNER_API}/openapi.json").json()["info"]["title"]
    assert title == "Acme tests Partner API"


def test_mail_has_the_brands_name_support_and_colours(branded: PortalServer) -> None:
    site = site_of(branded.settings, branded.environment)

    now = branded.environment.now()
    message = Message(0, "mail", "test", "anna@acme.example", now, now, attempts=1)

    mail = render(message, site, MailSettings(host="smtp.acme.example", sender="api@acme.example"))

    text, html = (part.get_content() for part in mail.iter_parts())
    assert not site.logo  # an SVG, which mail programs do not show
    assert mail["From"].addresses[0].display_name == "Acme & Sons <Energy>"
    assert "Help: help@acme.example" in text
    assert ESCAPED in html
    assert ".button { background: #7a1fa2; color: #ffffff; }" in html


def test_mail_has_the_brands_logo_where_it_is_a_png(make_portal: MakePortal, images: Path) -> None:
    portal = make_portal(branding=BrandingSettings(logo=str(images / "dark.png")))

    assert site_of(portal.settings, portal.environment).logo == picture()


def test_without_a_brand_there_is_no_file_of_one(portal: PortalServer) -> None:
    browser = portal.browser()

    assert "brand.css" not in browser.get("/accounts/login/").text
    for name in ("brand.css", "logo.svg", "logo.png"):
        assert browser.get(f"/static/0123456789abcdef/{name}").status_code == 404
