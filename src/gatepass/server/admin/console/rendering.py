"""Responses of the console: pages in the portal's look, with its own navigation and band."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import jinja2
from starlette.responses import HTMLResponse, Response

from gatepass.server.admin.console.navigation import SECTIONS, Section
from gatepass.server.admin.console.request import ConsoleRequest, path_of
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.environment.environment import NAMES
from gatepass.server.portal import rendering
from gatepass.translation.message import Message
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError

_WORDS = {Mode.LIVE: Message("Production"), Mode.TEST: Message("Sandbox")}
TEMPLATES = rendering.template_environment(
    jinja2.PrefixLoader({"console": jinja2.PackageLoader("gatepass.server.admin.console")})
)


class Place(NamedTuple):
    """An environment in the switch of the band."""

    name: str
    words: str
    url: str
    is_current: bool


class Console(NamedTuple):
    """What every page of the console shows around its content."""

    base: str
    places: Sequence[Place]
    sections: Sequence[tuple[Section, str, bool]]
    """Each section with its address, and whether the page is of it."""


def page(request: ConsoleRequest, template: str, /, **context: object) -> HTMLResponse:
    """Return a page; on GET it shows the flash message of the session and removes it."""
    flash, portal = None, request.portal
    if portal.login and portal.method == "GET":
        flash = sessions.take_flash(portal.context, portal.login)
    return _rendered(request, template, flash, 200, context)


def rejected_form(
    request: ConsoleRequest, template: str, refusal: OAuthError, /, **context: object
) -> HTMLResponse:
    """Return a form again, with the status of the refusal and its Retry-After."""
    response = _rendered(request, template, None, refusal.status, context)
    if refusal.retry_after is not None:
        response.headers["retry-after"] = str(refusal.retry_after)
    return response


def redirect(request: ConsoleRequest, path: str, flash: str = "") -> Response:
    """Return a redirect to a page below the environment's path, which shows `flash`."""
    return rendering.redirect(request.portal, request.base + path, flash)


def around(request: ConsoleRequest) -> Console:
    """Return what a page shows around its content: what the operator's roles open."""
    below = request.portal.path.removeprefix(request.base)
    current = next((each for each in reversed(SECTIONS) if below.startswith(each.path)), None)
    offered = [
        each
        for each in SECTIONS
        if request.operator.may(request.mode, *each.roles)
        and (request.mode is Mode.LIVE or not each.is_of_production)
    ]
    return Console(
        base=request.base,
        places=[
            Place(NAMES[mode], _WORDS[mode], _switched(mode, current), mode is request.mode)
            for mode in request.operator.modes
        ],
        sections=[(each, request.base + each.path, each is current) for each in offered],
    )


def _switched(mode: Mode, section: Section | None) -> str:
    """Return where the switch leads: to the same section of the other environment."""
    return path_of(mode) + (section.path if section and not section.is_of_production else "")


def _rendered(
    request: ConsoleRequest,
    template: str,
    flash: str | None,
    status: int,
    context: Mapping[str, object],
) -> HTMLResponse:
    site = replace(rendering.site(request.portal, flash), environment=NAMES[request.mode])
    given = {**context, "site": site, "console": around(request), "status": status}
    return HTMLResponse(TEMPLATES.get_template(f"console/{template}").render(given), status)
