"""Responses of page functions: pages rendered from templates, and redirects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import jinja2
from jinja2.runtime import Context
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gatepass.server.configuration.branding.brand import Brand
from gatepass.server.domain.users.links.model import has_link
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.notices import operations as notices
from gatepass.server.domain.users.notices.model import Notice
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.domain.users.sessions import user_agents
from gatepass.server.domain.users.sessions.model import new_id
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import redirects, static_files
from gatepass.server.portal.presentation import words
from gatepass.server.portal.request import PortalRequest
from gatepass.translation import templates
from gatepass.translation.language import ENGLISH, Language, language
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import PARTNER_API

_SECTIONS = {
    "/oauth2/applications/": "applications",
    redirects.WEBHOOKS: "webhooks",
    "/team/": "team",
    "/activity/": "activity",
    "/account": "account",
    redirects.CONSOLE: "console",
}


def template_environment(*more: jinja2.BaseLoader) -> jinja2.Environment:
    """Return the templates: everything is escaped, an unknown name is an error.

    `more` has those of a package above this one.
    """
    own = jinja2.PackageLoader("gatepass.server.portal", "templates")
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([own, *more]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.install(made, _language_of)
    made.filters["iso"] = iso
    for table in ("CLIENT_TYPES", "ROLES", "STATES"):
        made.globals[table] = getattr(words, table)
    made.filters["program"] = user_agents.words
    return made


def iso(time: datetime) -> str:
    """Return `time` (aware) for a `datetime` attribute: "2026-11-23T21:46:22Z"."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _language_of(context: Context) -> Language:
    """Return the language of the page that is rendered."""
    around: Site = context["site"]
    return around.language


_TEMPLATES = template_environment()


@dataclass(frozen=True, slots=True)
class Site:
    """What every page shows around its content."""

    environment: str
    other_environment_url: str
    has_one_identity: bool
    now: datetime
    brand: Brand = field(default_factory=Brand)
    language: Language = field(default_factory=lambda: language(ENGLISH))
    other_languages: Sequence[Language] = ()
    """Those that somebody who is not logged in can choose."""
    accounts_url: str = ""  # where people and accounts are managed, if not here
    organization: str | None = None
    user: User | None = None
    role: str = ""  # in the portal
    is_operator: bool = False
    has_console: bool = False
    section: str = ""
    path: str = ""
    csrf: str = field(default="", repr=False)
    flash: str | None = None
    is_confined: bool = False
    """Whether the user must choose a password, or set up a factor, before anything else."""
    notices: Sequence[Notice] = ()
    form_id: str = field(default_factory=lambda: new_id().value)
    static: str = static_files.PREFIX
    api_docs: str = f"{PARTNER_API}/docs"
    welcome: Sequence[str] = ()
    """The operator's own text, on the first page after the login."""

    @property
    def brand_files(self) -> str:
        """Return the path of the folder of the brand's files."""
        return self.brand.path


def page(request: PortalRequest, template: str, /, **context: object) -> HTMLResponse:
    """Return a page; on GET it shows the flash message of the session and removes it."""
    flash = None
    if request.login and request.method == "GET":
        flash = sessions.take_flash(request.context, request.login)
    return _rendered(template, site(request, flash), 200, context)


def rejected_form(
    request: PortalRequest, template: str, refusal: OAuthError, /, **context: object
) -> HTMLResponse:
    """Return a form again, with the status of the refusal and its Retry-After."""
    response = _rendered(template, site(request), refusal.status, context)
    if refusal.retry_after is not None:
        response.headers["retry-after"] = str(refusal.retry_after)
    return response


def error(request: PortalRequest, status: int, /, **context: object) -> HTMLResponse:
    """Return an error page for a request of this portal."""
    return _rendered("error.html", site(request), status, context)


def anonymous_error(
    environment: ServedEnvironment, reads: Language, status: int, /, **context: object
) -> HTMLResponse:
    """Return an error page where the session is not known."""
    around = Site(
        environment=environment.name,
        other_environment_url=environment.other_url,
        has_one_identity=environment.has_one_identity,
        now=environment.now(),
        language=reads,
        brand=environment.brand,
    )
    return _rendered("error.html", around, status, context)


def redirect(request: PortalRequest, path: str, flash: str = "") -> Response:
    """Return a redirect to a page (303, RFC 9110 §15.4.4), which shows the message `flash`."""
    if flash and request.login:
        shown = request.language.translate(flash)
        sessions.leave_flash(request.context, request.login, shown)
    return RedirectResponse(path, status_code=303)


def site(request: PortalRequest, flash: str | None = None) -> Site:
    """Return what the page of a request shows around its content."""
    found = (name for start, name in _SECTIONS.items() if request.path.startswith(start))
    return Site(
        environment=request.environment.name,
        other_environment_url=_other_environment_url(request),
        has_one_identity=request.environment.has_one_identity,
        accounts_url=request.accounts.issuer if request.accounts else "",
        organization=request.login.organization.name if request.login else None,
        user=request.login.user if request.login else None,
        role=request.role if request.login else "",
        is_operator=bool(request.operator and request.operator.modes),
        has_console=bool(request.operator and request.operator.modes and request.has_console),
        section=next(found, ""),
        path=request.path,
        csrf=request.csrf,
        now=request.now,
        flash=flash,
        is_confined=_is_confined(request),
        notices=_notices(request),
        language=request.language,
        other_languages=_other_languages(request),
        brand=_brand(request),
        welcome=_welcome(request),
    )


def _brand(request: PortalRequest) -> Brand:
    return request.environment.brand.in_language(request.language.code)


def _welcome(request: PortalRequest) -> Sequence[str]:
    """Return the operator's own text where the page is the first one of the user's role."""
    login = request.login
    is_first = login is not None and request.path == request.landing
    return _brand(request).first_page_text if is_first else ()


def _other_languages(request: PortalRequest) -> Sequence[Language]:
    """Return what somebody may choose from before the login; the path of a link is a secret."""
    if request.login or has_link(request.path) or request.method not in {"GET", "HEAD"}:
        return ()
    codes = request.environment.languages
    return [language(code) for code in codes if code != request.language.code]


def _is_confined(request: PortalRequest) -> bool:
    login = request.login
    return login is not None and (login.user.must_change_password or login.lacks_factor)


def _other_environment_url(request: PortalRequest) -> str:
    """Return the page of the same kind in the other environment."""
    environment = request.environment
    path = redirects.of_other_environment(request.path, has_own_accounts=not environment.trusted_by)
    return environment.other_url.rstrip("/") + path


def _notices(request: PortalRequest) -> Sequence[Notice]:
    """Return the user's unread notices; none before there are a password and a required factor."""
    if request.login is None or _is_confined(request):
        return ()
    return notices.of_user(request.context, request.login.user.id)


def _rendered(
    template: str, around: Site, status: int, context: Mapping[str, object]
) -> HTMLResponse:
    html = _TEMPLATES.get_template(template).render({**context, "site": around, "status": status})
    return HTMLResponse(html, status)
