"""From a request to its page: finds the route, checks access and form, turns errors into pages."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatepass.server.domain.audit import denials
from gatepass.server.domain.users.links.model import masked
from gatepass.server.domain.users.password_hashing import Steps, Work
from gatepass.server.portal import access, error_pages, redirects, routes
from gatepass.server.portal.forms import csrf
from gatepass.server.portal.pages.sessions import accounts, resubmission
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError

log = structlog.get_logger("gatepass.server")


class PendingHash(NamedTuple):
    """A page that waits for `work`, which runs in the pool for password hashes."""

    request: PortalRequest
    steps: Steps[Response]
    work: Work

    def step(self, result: object = None, error: Exception | None = None) -> "Step":
        """Return the step that continues the page with the result, or the error, of the work."""
        resume = partial(_resume, self.request, self.steps, result, error)
        return partial(_with_error_pages, self.request, resume)


Outcome = Response | PendingHash
Step = Callable[[], Outcome]


def dispatch(request: PortalRequest, http_request: Request, body: bytes) -> Outcome:
    """Run the page of a request up to its response or its first password hash."""
    match = routes.find(request.method, request.path)
    if match is None:
        return _no_page(request)
    refusal = access.authorize(request, match.route.access)
    if refusal and request.login is None and request.method == "POST":
        return _login_with_saved_form(request, http_request, body) or refusal
    if refusal:
        if refusal.status_code == HTTPStatus.FORBIDDEN:
            suspended = request.login and request.login.organization.suspended_at
            reason = "organization suspended" if suspended else "role"
            _record_denial(request, refusal.status_code, reason)
        return refusal

    def run() -> Outcome:
        checked = request
        if request.method not in access.SAFE:
            checked = access.with_form(request, http_request, body)
            try:
                csrf.check_token(checked.form.get("csrf"), checked.csrf)
            except csrf.OutdatedForm as outdated:
                return _rerender_outdated_form(checked, outdated)
        checked = replace(checked, ids=match.ids)
        page = match.route.page(checked)
        return page if isinstance(page, Response) else _resume(checked, page)

    return _with_error_pages(request, run)


def _resume(
    request: PortalRequest,
    steps: Steps[Response],
    result: object = None,
    error: Exception | None = None,
) -> Outcome:
    """Run a page up to its next password hash, or to its end."""
    try:
        work = steps.send(result) if error is None else steps.throw(error)
    except StopIteration as done:
        response: Response = done.value
        return response
    return PendingHash(request, steps, work)


def _login_with_saved_form(
    request: PortalRequest, http_request: Request, body: bytes
) -> Response | None:
    """Return the login page with the form whose session has ended; None without typed values."""
    try:
        request = access.with_form(request, http_request, body)
    except OAuthError:
        return None
    parts = resubmission.encrypt(request)
    if not parts:
        return None
    refusal = OAuthError("invalid_request", resubmission.BEFORE_LOGIN, status=403)
    next_path = routes.form_page(request.path) or request.path
    return accounts.rerender_login(request, refusal, next_path=next_path, parts=parts)


def _rerender_outdated_form(request: PortalRequest, outdated: csrf.OutdatedForm) -> Response:
    """Return an outdated form again, filled in; raise `outdated` where that is not possible.

    Nothing is changed. A second login form, sent after the login by a first one, continues.
    """
    if request.path == redirects.LOGIN:
        return accounts.outdated_login(request, outdated)
    refusal = OAuthError(
        "invalid_request",
        resubmission.CHECK_AGAIN,
        log_detail=outdated.log_detail,
        status=outdated.status,
    )
    response = resubmission.rerender(request, refusal)
    if response is None:
        raise outdated
    _log_refusal(request, refusal)
    return response


def _with_error_pages(request: PortalRequest, step: Step) -> Outcome:
    """Run a step; return an error page for what its page function raises."""
    try:
        return step()
    except OAuthError as error:
        _log_refusal(request, error)
        response = error_pages.page(request, error.status, error.description)
        if error.retry_after is not None:
            response.headers["retry-after"] = str(error.retry_after)
        return response
    except NotFoundError:
        _record_denial(request, 404, "not found in the organization")
        return error_pages.page(request, 404)


def _log_refusal(request: PortalRequest, error: OAuthError) -> None:
    context, source = request.context, request.visitor.source
    if context.log_limit.allow("page.refused", source, context.clock()):
        log.warning(
            "page.refused",
            environment=context.name,
            path=masked(request.path),
            source=source,
            status=error.status,
            reason=error.log_detail or error.description,
        )


def _record_denial(request: PortalRequest, status: int, reason: str) -> None:
    if request.login is None:
        return
    denial = denials.Denial(request.method, masked(request.path), status, reason)
    details = {"user": request.user.username or "", "user_id": str(request.user.id)}
    denials.record(request.context, request.actor, denial, **details)


def _no_page(request: PortalRequest) -> Response:
    """Return the redirect to the form's page or to the path with a slash, 405, or 404."""
    known = routes.methods(request.path)
    form_page = routes.form_page(request.path)
    if form_page and request.method in access.SAFE:
        return RedirectResponse(form_page, status_code=303)
    if known:
        response = error_pages.page(request, 405)
        response.headers["allow"] = ", ".join(known)
        return response
    with_slash = request.path + "/"
    if request.method in access.SAFE and routes.find("GET", with_slash):
        return RedirectResponse(with_slash, status_code=307)
    return error_pages.page(request, 404)
