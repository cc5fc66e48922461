"""Authentication, forms and authorization of portal requests."""

from dataclasses import replace
from enum import Enum
from typing import Literal, Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatepass.server.domain.users.model import Role
from gatepass.server.domain.users.operators.model import Operator
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.domain.users.sessions.linked import operations as linked
from gatepass.server.domain.users.sessions.model import new_id, read_id
from gatepass.server.domain.users.sessions.operations import Login, Visitor
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import cookies, error_pages, redirects
from gatepass.server.portal.forms import csrf, multipart
from gatepass.server.portal.request import PortalRequest
from gatepass.translation import negotiation
from gatepass.translation.language import Language, language
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_BODY, read_form
from gatepass.wire.secret import Secret

SAFE = {"GET", "HEAD"}
_FORM = "application/x-www-form-urlencoded"
_FILES = {"key": "key_file", "certificate": "certificate_file"}
_LONG = frozenset({*_FILES, *_FILES.values()})
_NAMES = frozenset({"name", "contact"})  # their own checks name the invalid character
_OPEN_AT_FIRST = {redirects.PASSWORD, redirects.VERIFY, redirects.LOGOUT}
"""What somebody may open who has yet to change a password, or to set up a required factor."""


Group = Role | Literal["registrant", "partner", "partner-admin", "partner-staff", "operator"] | None
"""A role in the portal, somebody whom the policy lets register applications, or nobody who is
logged in. Roles with `partner` are those of partners' people alone; an `operator` has a role in the
operating organization, whose people are managed in the console.
"""


class PageAccess(Protocol):
    """Who may open a page."""

    def includes(self, request: PortalRequest) -> bool:
        """Return whether the page is open to who sends this request."""
        ...

    def refusal(self, request: PortalRequest) -> int:
        """Return the status for somebody whom it is not open to: 403, or 404 to hide it."""
        ...


class Access(Enum):
    """The access to a page; the value is the groups that it is open to."""

    ANYONE = frozenset[Group]({None, "admin", "staff", "user"})
    LOGGED_IN = frozenset[Group]({"admin", "staff", "user"})
    STAFF = frozenset[Group]({"admin", "staff"})
    REGISTRANT = frozenset[Group]({"admin", "registrant"})
    ADMIN = frozenset[Group]({"admin"})
    PARTNER = frozenset[Group]({"partner"})
    TEAM_STAFF = frozenset[Group]({"partner-admin", "partner-staff"})
    TEAM_ADMIN = frozenset[Group]({"partner-admin"})
    OPERATOR = frozenset[Group]({"operator"})

    def includes(self, request: PortalRequest) -> bool:
        """Return whether the page is open to who sends this request."""
        return not self.value.isdisjoint(_groups(request))

    def refusal(self, _request: PortalRequest) -> int:
        """Return the status for somebody whom the page is not open to."""
        return 403


def operator_of(request: PortalRequest) -> Operator | None:
    """Return the operator who sends this request, with the roles that they have now.

    None for partners' people, and for somebody of the operating organization without any role.
    """
    found = request.operator
    return found if found and found.modes else None


def _groups(request: PortalRequest) -> set[Group]:
    if request.login is None:
        return {None}
    groups: set[Group] = {request.role}
    if request.may_register:
        groups.add("registrant")
    if operator_of(request):
        groups.add("operator")
    if request.operator is None:
        groups.add("partner")
        of_role: dict[Role, Group] = {"admin": "partner-admin", "staff": "partner-staff"}
        groups.add(of_role.get(request.role, "partner"))
    return groups


async def read(http_request: Request) -> bytes:
    """Read the body of a form; raise OAuthError for a compressed one (415) or over 64 KiB (413)."""
    if http_request.headers.get("content-encoding", "identity").lower() not in {"identity", ""}:
        raise OAuthError("invalid_request", Message("Send the form uncompressed."), status=415)
    body = b""
    async for piece in http_request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise OAuthError("invalid_request", Message("The form is over 64 KiB."), status=413)
    return body


def authenticate(environment: ServedEnvironment, http_request: Request) -> PortalRequest:
    """Return the request with its login; a browser without a device id gets a new one."""
    session_id = read_id(http_request.cookies.get(cookies.session_name(environment)))
    login = _find_login(environment, session_id) if session_id else None
    login_id = read_id(http_request.cookies.get(cookies.login_name(environment)))
    device = read_id(http_request.cookies.get(cookies.device_name(environment))) or new_id()
    chosen = login.language if login else ""
    reads = language_of(environment, http_request, chosen)
    return PortalRequest(
        environment=environment,
        now=environment.now(),
        method=http_request.method,
        path=http_request.scope["path"],
        query=dict(http_request.query_params),
        visitor=Visitor(
            source=http_request.client.host if http_request.client else "",
            agent=http_request.headers.get("user-agent", ""),
            device=device,
            language=reads.code,
        ),
        login=login,
        port=(http_request.scope.get("server") or ("", None))[1],
        login_id=login_id,
        verifier=read_id(http_request.cookies.get(cookies.verifier_name(environment))),
        csrf=csrf.token(login.session_id if login else device),
        language=reads,
    )


def language_of(
    environment: ServedEnvironment, http_request: Request, chosen: str = ""
) -> Language:
    """Return the language of a page: `chosen` in the account, else in this browser, else asked for.

    A language that this environment no longer has counts as none.
    """
    offered = environment.languages
    for code in (chosen, http_request.cookies.get(cookies.language_name(environment), "")):
        if code in offered:
            return language(code)
    return language(negotiation.choose(http_request.headers.get("accept-language", ""), offered))


def authorize(request: PortalRequest, access: PageAccess) -> Response | None:
    """Return None if the request may open the page, else the response that refuses it.

    That is a redirect to the login, the password page or the page of second factors, or 403. A
    user of a suspended organization can only log out.
    """
    if access is Access.ANYONE:
        return None
    if request.login is None:
        is_form = request.method not in SAFE
        if is_form and request.accounts:  # the login would lead on to production at once
            return RedirectResponse(redirects.ENDED, status_code=303)
        next_path = "" if is_form else _with_query(request)
        return RedirectResponse(redirects.login(next_path), status_code=303)
    if request.login.organization.suspended_at and request.path != redirects.LOGOUT:
        return error_pages.suspended(request)
    first = _first_page(request, request.login)
    if first:
        return RedirectResponse(first, status_code=303)
    return None if access.includes(request) else error_pages.page(request, access.refusal(request))


def _first_page(request: PortalRequest, login: Login) -> str:
    """Return the page where somebody has to do something before they may open this one."""
    if request.path in _OPEN_AT_FIRST:
        return ""
    if login.user.must_change_password:
        return redirects.PASSWORD
    is_of_factors = request.path.startswith(redirects.FACTORS)
    return redirects.FACTORS if login.lacks_factor and not is_of_factors else ""


def with_form(request: PortalRequest, http_request: Request, body: bytes) -> PortalRequest:
    """Return the request with its form; raise OAuthError if unreadable or from another site.

    Does NOT check that the form is from this session; see `csrf.check_token`.
    """
    scheme = "https" if request.environment.is_https else "http"
    csrf.check_origin(http_request.headers, scheme, request.environment.issuer)
    content_type = http_request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == multipart.KIND:
        body = multipart.url_encoded(body, content_type)
    elif body and kind != _FORM:
        raise OAuthError("invalid_request", Message("A form is sent as {form}.", form=_FORM))
    form = read_form(body, multiline=True, unchecked=_NAMES, long=_LONG).values
    for field, file in _FILES.items():  # a file is as if its text was pasted
        text = form.pop(file, "")
        if text and not form.get(field, "").strip():
            form[field] = text
    return replace(request, form=form)


def _find_login(environment: ServedEnvironment, session_id: Secret) -> Login | None:
    """Return the login; in a sandbox that trusts production's accounts, as production has it."""
    settings, trusted = environment.session_settings, environment.accounts
    if trusted is None:
        return sessions.find(environment.context, settings, session_id)
    return linked.find(environment.context, trusted.context, settings, session_id)


def _with_query(request: PortalRequest) -> str:
    # A login in the sandbox, which goes on after this one, and searches that somebody has stored.
    kept = {redirects.SANDBOX, redirects.ACTIVITY, redirects.APPLICATIONS, redirects.COPY}
    if request.path in kept:
        return f"{request.path}?{urlencode(request.query)}" if request.query else request.path
    return request.path
