"""The page of a login's second step: what it shows of a login that waits."""

from starlette.responses import Response

from gatepass.server.domain.users.factors import checks
from gatepass.server.domain.users.sessions import second_step
from gatepass.server.domain.users.sessions.second_step import SecondStep, Waiting
from gatepass.server.portal import cookies, redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.sessions import resubmission
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError


def begin(request: PortalRequest, made: SecondStep) -> Response:
    """Lead to the second step; a form that was saved before the login is in the page itself."""
    if resubmission.hidden_fields(request):
        waiting = second_step.find(request.context, made.login_id)
        response: Response = page(request, "second_step.html", **context(request, waiting))
    else:
        response = redirect(request, redirects.second_step(request.form.get("next", "")))
    cookies.set_login(response, request.environment, made.login_id)
    return response


def show(request: PortalRequest, waiting: Waiting) -> Response:
    """Return the page of a login that waits."""
    return page(request, "second_step.html", **context(request, waiting))


def rerender(request: PortalRequest, waiting: Waiting, refusal: OAuthError) -> Response:
    """Return the page again, with the error."""
    shown = {**context(request, waiting), "errors": errors_of(refusal)}
    return rejected_form(request, "second_step.html", refusal, **shown)


def context(request: PortalRequest, waiting: Waiting) -> dict[str, object]:
    """Return the template context."""
    party = request.environment.relying_party
    methods = checks.offered(waiting.factors, party)
    next_path = request.form.get("next") or request.query.get("next")
    options = ""
    if "passkey" in methods:
        options = checks.begin_assertion(request.context, party, waiting.factors, waiting.digest)
    return {
        "username": waiting.user.username,
        "methods": methods,
        "passkey_options": options,
        "next": redirects.own_path(next_path),
        "saved_form": resubmission.hidden_fields(request),
        "errors": {},
    }
