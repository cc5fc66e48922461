"""Pages with the name, logo, colours, links and texts of an operator."""

from typing import cast

from browser.samples import Sample, application, site
from gatepass.server.configuration.branding.brand import STYLESHEET, Brand
from gatepass.server.configuration.branding.image import BrandFile
from gatepass.server.configuration.branding.palette import complete, stylesheet
from gatepass.server.domain.applications.listing.model import Listed, ListPage
from gatepass.server.portal.forms import list_filter
from gatepass.server.portal.pages.applications.listing import list_context

_DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36" width="36" height="36">'
    '<rect width="36" height="36" rx="8" fill="{plate}"/>'
    '<path d="M20 5 9 20h8l-2 11 12-16h-8z" fill="{mark}"/></svg>'
)
_LIGHT = complete(
    "light",
    {
        "accent": "#7a1fa2",
        "background": "#fbf7fd",
        "sunken": "#f6eefa",
        "edge": "#85708f",
    },
)
_DARK = complete("dark", {}, {"accent": "#7a1fa2"})
BRAND = Brand(
    name="Nordlys Energi Partners",
    logo="logo.svg",
    logo_dark="logo_dark.svg",
    stylesheet=STYLESHEET,
    support="partners@nordlys.example",
    terms_url="https://nordlys.example/terms",
    privacy_url="https://nordlys.example/privacy",
    login_text=(
        "For partners of Nordlys Energi. New here? See https://nordlys.example/partners first.",
        "By logging in you accept the terms.",
    ),
    first_page_text=("Maintenance on Sunday, 6:00 to 8:00 UTC: tokens are issued meanwhile.",),
    colours={"light": _LIGHT, "dark": _DARK},
    files={
        "logo.svg": BrandFile(
            _DRAWING.format(plate="#7a1fa2", mark="#ffffff").encode(), "image/svg+xml"
        ),
        "logo_dark.svg": BrandFile(
            _DRAWING.format(plate="#e0b0ff", mark="#2a0040").encode(), "image/svg+xml"
        ),
        STYLESHEET: BrandFile(stylesheet(_LIGHT, _DARK).encode(), "text/css"),
    },
)
_LOGIN: dict[str, object] = {
    "values": {},
    "errors": {},
    "next": "",
    "saved_form": [],
    "sends_mail": True,
    "done": None,
    "passkey_options": "",
    "has_single_sign_on": True,
}


def _listed() -> dict[str, object]:
    chosen, found = list_filter.parse({}), [cast("Listed", application())]
    return list_context(chosen, ListPage(found, chosen.wanted.page, 1))


PAGES = [
    Sample(
        f"branded-login-{environment}",
        "login.html",
        {
            **_LOGIN,
            "site": site(
                environment=environment, brand=BRAND, user=None, organization=None, section=""
            ),
        },
    )
    for environment in ("production", "sandbox")
] + [
    Sample(
        f"branded-first-page-{environment}",
        "applications.html",
        {
            "site": site(environment=environment, brand=BRAND, welcome=BRAND.first_page_text),
            **_listed(),
            "may_register": True,
        },
    )
    for environment in ("production", "sandbox")
]
