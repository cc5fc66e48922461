"""From a request to its page: finds the route, checks access and form, turns errors into pages."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatepass.server.domain.audit import denials
from gatepass.server.domain.users.links.model import masked
from gatepass.server.domain.users.passwords.hashing import Steps, Work
from gatepass.server.portal import access, cookies, error_pages, redirects, routes
from gatepass.server.portal.forms import csrf
from gatepass.server.portal.pages.sessions import (
    accounts,
    one_identity,
    resubmission,
    verification,
)
from gatepass.server.portal.pages.sessions.verification import Verified
from gatepass.server.portal.request import PortalRequest
from gatepass.server.portal.route_table.route import Page, Route
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError

log = structlog.get_logger("gatepass.server")


class PendingHash(NamedTuple):
    """A page that waits for `work`, which runs in the pool for password hashes."""

    request: PortalRequest
    steps: Steps[Response] | Steps[Response | Verified]
    work: Work

    def step(self, result: object = None, error: Exception | None = None) -> "Step":
        """Return the step that continues the page with the result, or the error, of the work."""
        resume = partial(_resume, self.request, self.steps, result, error)
        return partial(_with_error_pages, self.request, resume)


Outcome = Response | PendingHash
Step = Callable[[], Outcome]


def dispatch(request: PortalRequest, http_request: Request, body: bytes) -> Outcome:
    """Run the page of a request up to its response or its first password hash."""
    match = None if _is_hidden(request) else routes.find(request.method, request.path)
    if match is None:
        return _no_page(request)
    if one_identity.is_elsewhere(request):
        return one_identity.elsewhere(request)
    refusal = _refusal(request, match.route)
    if refusal and request.login is None and request.method == "POST":
        return _login_with_saved_form(request, http_request, body) or refusal
    if refusal:
        return refusal

    def run() -> Outcome:
        checked = request
        is_due = match.route.step_up and verification.is_due(request, match.route.own_proof)
        if is_due and request.method in access.SAFE:
            return RedirectResponse(redirects.verify(request.path), status_code=303)
        if request.method not in access.SAFE:
            checked = access.with_form(request, http_request, body)
            try:
                csrf.check_token(checked.form.get("csrf"), checked.csrf)
            except csrf.OutdatedForm as outdated:
                return _rerender_outdated_form(checked, outdated)
            if is_due:
                form_page = routes.form_page(request.path) or request.path
                return verification.ask(checked, form_page)
        return _begin(match.route.page, replace(checked, ids=match.ids))

    return _with_error_pages(request, run)


def _is_hidden(request: PortalRequest) -> bool:
    """Return whether a page is of the console, and that is not there for this address and port."""
    return f"{request.path}/".startswith(redirects.CONSOLE) and not request.has_console


def _begin(page: Page, request: PortalRequest) -> Outcome:
    """Call a page function, and run it up to its first password hash."""
    returned = page(request)
    if isinstance(returned, Response | Verified):
        return _send_on(returned)
    return _resume(request, returned)


def _resume(
    request: PortalRequest,
    steps: Steps[Response] | Steps[Response | Verified],
    result: object = None,
    error: Exception | None = None,
) -> Outcome:
    """Run a page up to its next password hash, or to its end."""
    try:
        work = steps.send(result) if error is None else steps.throw(error)
    except StopIteration as done:
        return _send_on(done.value)
    return PendingHash(request, steps, work)


def _send_on(returned: Response | Verified) -> Outcome:
    """Run the page of a form that has waited for a proof; any other response is returned."""
    if isinstance(returned, Response):
        return returned
    return _resume(returned.request, _sent_on(returned.request))


def _sent_on(request: PortalRequest) -> Steps[Response]:
    """Answer a form that has waited for a proof, and set the new id of its session."""
    try:
        response: Response = yield from _page_of_form(request)
    except (OAuthError, NotFoundError) as error:
        response = _error_page(request, error)
    if not cookies.sets_session(response, request.environment):
        cookies.set_session(response, request.environment, request.current_login.session_id)
    return response


def _page_of_form(request: PortalRequest) -> Steps[Response]:
    match = routes.find("POST", request.path)
    if match is None:
        return error_pages.page(request, 404)
    refusal = _refusal(request, match.route)
    if refusal:
        return refusal
    returned: Any = match.route.page(replace(request, ids=match.ids))
    return returned if isinstance(returned, Response) else (yield from returned)


def _refusal(request: PortalRequest, route: Route) -> Response | None:
    """Return the response to somebody who may not open the page; a denial is recorded."""
    refusal = access.authorize(request, route.access)
    if refusal and refusal.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        suspended = request.login and request.login.organization.suspended_at
        reason = "organization suspended" if suspended else "role"
        _record_denial(request, refusal.status_code, reason)
    return refusal


def _login_with_saved_form(
    request: PortalRequest, http_request: Request, body: bytes
) -> Response | None:
    """Return the login page with the form whose session has ended; None without typed values."""
    try:
        request = access.with_form(request, http_request, body)
    except OAuthError:
        return None
    next_path = routes.form_page(request.path) or request.path
    if request.path == redirects.VERIFY:  # a form waits there for a proof already
        parts, next_path = resubmission.hidden_fields(request), request.form.get("next", "")
    else:
        parts = resubmission.encrypt(request)
    if not parts:
        return None
    refusal = OAuthError("invalid_request", resubmission.BEFORE_LOGIN, status=403)
    return accounts.rerender_login(request, refusal, next_path=next_path, parts=parts)


def _rerender_outdated_form(request: PortalRequest, outdated: csrf.OutdatedForm) -> Response:
    """Return an outdated form again, filled in; raise `outdated` where that is not possible.

    Nothing is changed. A second login form, sent after the login by a first one, continues.
    """
    if request.path == redirects.LOGIN:
        return accounts.outdated_login(request, outdated)
    if request.path == redirects.VERIFY:
        return verification.outdated(request, outdated)
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
    except (OAuthError, NotFoundError) as error:
        return _error_page(request, error)


def _error_page(request: PortalRequest, error: OAuthError | NotFoundError) -> Response:
    if isinstance(error, NotFoundError):
        _record_denial(request, 404, "not found in the organization")
        return error_pages.page(request, 404)
    _log_refusal(request, error)
    response = error_pages.page(request, error.status, error.message)
    if error.retry_after is not None:
        response.headers["retry-after"] = str(error.retry_after)
    return response


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
    if _is_hidden(request):
        return error_pages.page(request, 404)
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
