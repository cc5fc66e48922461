"""How a page function answers: with a page, or by sending the browser on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from starlette.responses import HTMLResponse, RedirectResponse, Response

from gatepass.server.domain.sessions import operations as sessions
from gatepass.server.domain.sessions.model import new_id
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.notices import operations as notices
from gatepass.server.domain.users.notices.model import Notice
from gatepass.server.environment.environment import Environment
from gatepass.server.portal import static_files, templating
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import PARTNER_API

_TEMPLATES = templating.environment()
_SECTIONS = {
    "/oauth2/applications/": "applications",
    "/team/": "team",
    "/activity/": "activity",
    "/account": "account",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What every page shows around its own content."""

    environment: str
    other_environment_url: str
    organization: str | None
    person: User | None
    section: str
    csrf: str = field(repr=False)
    now: datetime
    flash: str | None = None
    notices: Sequence[Notice] = ()
    form_id: str = field(default_factory=lambda: new_id().value)
    static: str = static_files.PREFIX
    api_docs: str = f"{PARTNER_API}/docs"


def page(visit: PortalRequest, template: str, /, **context: object) -> HTMLResponse:
    """Give a page; one that is read (GET) shows and takes away the sentence left for it."""
    flash = None
    if visit.login and visit.method == "GET":
        flash = sessions.take_flash(visit.environment.context, visit.login)
    return _rendered(template, site(visit, flash), 200, context)


def refused(
    visit: PortalRequest, template: str, refusal: OAuthError, /, **context: object
) -> HTMLResponse:
    """Give the form again, with the status of the refusal and, for who must wait, how long."""
    response = _rendered(template, site(visit), refusal.status, context)
    if refusal.retry_after is not None:
        response.headers["retry-after"] = str(refusal.retry_after)
    return response


def error(visit: PortalRequest, status: int, /, **context: object) -> HTMLResponse:
    """Give the page of an error to who is known."""
    return _rendered("error.html", site(visit), status, context)


def anonymous_error(environment: Environment, status: int, /, **context: object) -> HTMLResponse:
    """Give the page of an error where it is not known, or cannot be, who asks."""
    around = Site(
        environment=environment.name,
        other_environment_url=environment.other_url,
        organization=None,
        person=None,
        section="",
        csrf="",
        now=environment.now(),
    )
    return _rendered("error.html", around, status, context)


def redirect(visit: PortalRequest, path: str, flash: str = "") -> Response:
    """Send the browser on to read a page (RFC 9110 §15.4.4), which shows `flash`."""
    if flash and visit.login:
        sessions.leave_flash(visit.environment.context, visit.login, flash)
    return RedirectResponse(path, status_code=303)


def site(visit: PortalRequest, flash: str | None = None) -> Site:
    """Give what is around the page of a visit."""
    found = (name for start, name in _SECTIONS.items() if visit.path.startswith(start))
    return Site(
        environment=visit.environment.name,
        other_environment_url=visit.environment.other_url,
        organization=visit.login.organization.name if visit.login else None,
        person=visit.login.person if visit.login else None,
        section=next(found, ""),
        csrf=visit.csrf,
        now=visit.now,
        flash=flash,
        notices=_notices(visit),
    )


def _notices(visit: PortalRequest) -> Sequence[Notice]:
    """Return what a person is to be told; not before they have a password of their own."""
    if visit.login is None or visit.login.person.must_change_password:
        return ()
    return notices.of_person(visit.environment.context, visit.login.person.id)


def _rendered(
    template: str, around: Site, status: int, context: Mapping[str, object]
) -> HTMLResponse:
    html = _TEMPLATES.get_template(template).render({**context, "site": around, "status": status})
    return HTMLResponse(html, status)
