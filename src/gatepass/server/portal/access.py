"""The gate: who comes, whether the form is theirs, and whether they may see what they ask for."""

from dataclasses import replace
from enum import Enum

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatepass.server.domain.sessions import operations as sessions
from gatepass.server.domain.sessions.model import new_id, read_id
from gatepass.server.domain.sessions.operations import Visitor
from gatepass.server.domain.users.model import Role, User
from gatepass.server.environment.environment import Environment
from gatepass.server.portal import cookies, csrf, error_pages, redirects
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_BODY, read_form

SAFE = {"GET", "HEAD"}
_FORM = "application/x-www-form-urlencoded"
_NAMES = frozenset({"name", "contact"})  # whose own checks name the character that cannot be
_LOGOUT = "/accounts/logout/"
_BEFORE_THE_FIRST_PASSWORD = {redirects.PASSWORD, _LOGOUT}


class Who(Enum):
    """For whom a page is; the value is the roles that it is open to."""

    ANYONE = frozenset[Role | None]({None, "admin", "staff", "user"})
    PERSON = frozenset[Role | None]({"admin", "staff", "user"})
    STAFF = frozenset[Role | None]({"admin", "staff"})
    ADMIN = frozenset[Role | None]({"admin"})

    def includes(self, person: User | None) -> bool:
        """Tell whether the page is open to this person, or to somebody who is not logged in."""
        return (person.role if person else None) in self.value


async def read(request: Request) -> bytes:
    """Read the body of a form; raise OAuthError for a compressed one (415) or over 64 KiB (413)."""
    if request.headers.get("content-encoding", "identity").lower() not in {"identity", ""}:
        raise OAuthError("invalid_request", "Send the form uncompressed.", status=415)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise OAuthError("invalid_request", "The form is over 64 KiB.", status=413)
    return body


def authenticate(environment: Environment, request: Request) -> PortalRequest:
    """Find out who comes; a browser without an id of its own gets one."""
    session_id = read_id(request.cookies.get(cookies.session_name(environment)))
    login = (
        sessions.find(environment.context, environment.session_settings, session_id)
        if session_id
        else None
    )
    device = read_id(request.cookies.get(cookies.device_name(environment))) or new_id()
    return PortalRequest(
        environment=environment,
        now=environment.now(),
        method=request.method,
        path=request.scope["path"],
        query=dict(request.query_params),
        visitor=Visitor(
            source=request.client.host if request.client else "",
            agent=request.headers.get("user-agent", ""),
            device=device,
        ),
        login=login,
        csrf=csrf.token(login.session_id if login else device),
    )


def authorize(visit: PortalRequest, who: Who) -> Response | None:
    """Answer those who may not open a page: to the login, to the new password, or 403.

    Somebody of a suspended organization is told so, and can only log out.
    """
    if who is Who.ANYONE:
        return None
    if visit.login is None:
        wanted = _with_query(visit) if visit.method in SAFE else ""
        return RedirectResponse(redirects.login(wanted), status_code=303)
    if visit.login.organization.suspended_at and visit.path != _LOGOUT:
        return error_pages.suspended(visit)
    person = visit.login.person
    if person.must_change_password and visit.path not in _BEFORE_THE_FIRST_PASSWORD:
        return RedirectResponse(redirects.PASSWORD, status_code=303)
    return None if who.includes(person) else error_pages.page(visit, 403)


def with_form(visit: PortalRequest, request: Request, body: bytes) -> PortalRequest:
    """Return the visit with its form; raise OAuthError where it is unreadable or another site's.

    Does NOT check whether the form is from this session; see `csrf.check_token`.
    """
    scheme = "https" if visit.environment.is_https else "http"
    csrf.check_origin(request.headers, scheme, visit.environment.issuer)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != _FORM:
        raise OAuthError("invalid_request", f"A form is sent as {_FORM}.")
    return replace(visit, form=read_form(body, multiline=True, unchecked=_NAMES).values)


def _with_query(visit: PortalRequest) -> str:
    before = visit.query.get("before", "")
    return f"{visit.path}?before={before}" if before.isdecimal() else visit.path
