"""The portal as one route: finds the page, passes the gate, answers whatever happens."""

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import NamedTuple, NoReturn

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import ExceptionHandler, Receive, Scope, Send

from gatepass.server.domain.audit import denials
from gatepass.server.domain.users.password_hashing import Steps, Work
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import access, csrf, error_pages, redirects, static_files
from gatepass.server.portal import routes as table
from gatepass.server.portal.forms import resubmission
from gatepass.server.portal.pages import accounts
from gatepass.server.portal.request import PortalRequest
from gatepass.server.serving import error_format
from gatepass.server.storage.database import DatabaseAwayError, NotFoundError
from gatepass.wire.errors import OAuthError

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
# same-origin rather than no-referrer: under the latter browsers send "Origin: null" with forms.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _CSP,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}

_NOT_A_PAGE = {
    404: "There is nothing at this path. Check the address.",
    405: "This path does not accept this method. See the Allow header.",
}

log = structlog.get_logger("gatepass.server")


class Portal(BaseRoute):
    """Every path that no route before it has taken."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take whatever comes over HTTP."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> NoReturn:
        """Know no names: paths are written where they are used."""
        raise NoMatchFound(name, dict(path_params))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request whole, then answer it in the thread pool."""
        request = Request(scope, receive)
        environment: ServedEnvironment = scope["gatepass.environment"]
        try:
            body = await access.read(request)
        except ClientDisconnect:
            return
        except OAuthError as refused:
            response: Response = error_pages.anonymous(environment, refused.status)
        else:
            response = await _respond(environment, request, body)
        response = _for_programs(scope, response)
        for name, value in HEADERS.items():
            response.headers[name] = value
        await response(scope, receive, send)


def _for_programs(scope: Scope, response: Response) -> Response:
    """Return JSON in place of the page of a 404 or 405, for a caller that reads JSON."""
    asked_for: error_format.ErrorFormat = scope[error_format.KEY]
    status = response.status_code
    if asked_for == "text" or status not in _NOT_A_PAGE:
        return response
    allow = response.headers.get("allow")
    more = ((b"allow", allow.encode()),) if allow else ()
    answer = error_format.error(
        asked_for, status, _NOT_A_PAGE[status], more, scope["gatepass.environment"].docs_url
    )
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, status, headers)


class _Waiting(NamedTuple):
    """A page that waits for `work` to be done in the pool for hashes."""

    visit: PortalRequest
    steps: Steps[Response]
    work: Work


async def _respond(environment: ServedEnvironment, request: Request, body: bytes) -> Response:
    """Answer in the pool for pages, which none occupies while it waits for a hash.

    What follows a hash has waited its turn already, and is never refused.
    """

    def begin() -> Response | _Waiting:
        return _turn(access.authenticate(environment, request), request, body)

    run = contextvars.copy_context().run  # the thread has this request's deadline
    loop = asyncio.get_running_loop()
    try:
        answer = await loop.run_in_executor(
            environment.page_pool, run, _answer, environment, request, begin
        )
    except OAuthError as refused:
        response = error_pages.anonymous(environment, refused.status)
        response.headers["retry-after"] = str(refused.retry_after)
        return response
    while isinstance(answer, _Waiting):
        step = await _hashed(environment, answer)
        answer = await run_in_threadpool(_answer, environment, request, step)
    return answer


async def _hashed(
    environment: ServedEnvironment, waiting: _Waiting
) -> Callable[[], Response | _Waiting]:
    """Do the work that a page waits for; return how the page goes on, with result or error."""
    visit, steps, work = waiting
    loop = asyncio.get_running_loop()
    try:
        result = await loop.run_in_executor(environment.hasher.pool, work)
    except Exception as error:  # noqa: BLE001 - the page sees to it
        return partial(_guarded, visit, partial(_advance, visit, steps, error=error))
    return partial(_guarded, visit, partial(_advance, visit, steps, result))


def _advance(
    visit: PortalRequest,
    steps: Steps[Response],
    result: object = None,
    error: Exception | None = None,
) -> Response | _Waiting:
    """Run a page up to its next hash, or to its end."""
    try:
        work = steps.send(result) if error is None else steps.throw(error)
    except StopIteration as done:
        response: Response = done.value
        return response
    return _Waiting(visit, steps, work)


def _answer(
    environment: ServedEnvironment, request: Request, step: Callable[[], Response | _Waiting]
) -> Response | _Waiting:
    """Answer; the last resort for what nobody foresaw (ASVS 16.5.4)."""
    try:
        return step()
    except DatabaseAwayError:
        log.error("request.unavailable", path=request.scope["path"], environment=environment.name)  # noqa: TRY400
        response = error_pages.anonymous(environment, 503)
        response.headers["retry-after"] = "5"
        return response
    except Exception:
        log.exception("request.failed", path=request.scope["path"], environment=environment.name)
        return error_pages.anonymous(environment, 500)


def _turn(visit: PortalRequest, request: Request, body: bytes) -> Response | _Waiting:
    found = table.find(visit.method, visit.path)
    if found is None:
        return _astray(visit)
    away = access.authorize(visit, found.rule.who)
    if away and visit.login is None and visit.method == "POST":
        return _to_login(visit, request, body) or away
    if away:
        if away.status_code == HTTPStatus.FORBIDDEN:
            suspended = visit.login and visit.login.organization.suspended_at
            reason = "organization suspended" if suspended else "role"
            _note_denial(visit, away.status_code, reason)
        return away
    rule = found.rule

    def run() -> Response | _Waiting:
        given = visit
        if visit.method not in access.SAFE:
            given = access.with_form(visit, request, body)
            try:
                csrf.check_token(given.form.get("csrf"), given.csrf)
            except csrf.OutdatedForm as outdated:
                return _outdated(given, outdated)
        given = replace(given, ids=found.ids)
        page = rule.page(given)
        return page if isinstance(page, Response) else _advance(given, page)

    return _guarded(visit, run)


def _to_login(visit: PortalRequest, request: Request, body: bytes) -> Response | None:
    """Show the login with what was typed into a form whose session has ended, if anything was."""
    try:
        visit = access.with_form(visit, request, body)
    except OAuthError:
        return None
    parts = resubmission.sealed(visit)
    if not parts:
        return None
    refusal = OAuthError("invalid_request", resubmission.BEFORE_LOGIN, status=403)
    wanted = table.form_page(visit.path) or visit.path
    return accounts.login_again(visit, refusal, wanted=wanted, parts=parts)


def _outdated(visit: PortalRequest, outdated: csrf.OutdatedForm) -> Response:
    """Show an outdated form again, filled in; where that cannot be, say what is wrong.

    Nothing is changed by it. A second login form, after the login by a first one, goes on.
    """
    if visit.path == redirects.LOGIN:
        return accounts.outdated_login(visit, outdated)
    refusal = OAuthError(
        "invalid_request", resubmission.SAY, log_detail=outdated.log_detail, status=outdated.status
    )
    shown = resubmission.again(visit, refusal)
    if shown is None:
        raise outdated
    _note_refusal(visit, refusal)
    return shown


def _guarded(visit: PortalRequest, step: Callable[[], Response | _Waiting]) -> Response | _Waiting:
    """Make a page of what a page function refuses."""
    try:
        return step()
    except OAuthError as refused:
        _note_refusal(visit, refused)
        response = error_pages.page(visit, refused.status, refused.description)
        if refused.retry_after is not None:
            response.headers["retry-after"] = str(refused.retry_after)
        return response
    except NotFoundError:
        _note_denial(visit, 404, "not found in the organization")
        return error_pages.page(visit, 404)


def _note_refusal(visit: PortalRequest, refused: OAuthError) -> None:
    environment, source = visit.environment, visit.visitor.source
    if environment.context.log_limit.allow("page.refused", source, environment.clock()):
        log.warning(
            "page.refused",
            environment=environment.name,
            path=visit.path,
            source=source,
            status=refused.status,
            reason=refused.log_detail or refused.description,
        )


def _note_denial(visit: PortalRequest, status: int, reason: str) -> None:
    if visit.login is None:
        return
    denied = denials.Denial(visit.method, visit.path, status, reason)
    person = visit.login.person
    who = {"user": person.username or "", "user_id": str(person.id)}
    denials.record(visit.environment.context, visit.actor, denied, **who)


def _astray(visit: PortalRequest) -> Response:
    """Answer where there is no page: its form's page, 405, the slash that is missing, or 404."""
    known = table.methods(visit.path)
    form_page = table.form_page(visit.path)
    if form_page and visit.method in access.SAFE:
        return RedirectResponse(form_page, status_code=303)
    if known:
        response = error_pages.page(visit, 405)
        response.headers["allow"] = ", ".join(known)
        return response
    with_slash = visit.path + "/"
    if visit.method in access.SAFE and table.find("GET", with_slash):
        return RedirectResponse(with_slash, status_code=307)
    return error_pages.page(visit, 404)


routes: list[BaseRoute] = [
    Route("/static/{digest}/{name}", static_files.serve, methods=["GET"]),
    Portal(),
]
exception_handlers: dict[object, ExceptionHandler] = {}
