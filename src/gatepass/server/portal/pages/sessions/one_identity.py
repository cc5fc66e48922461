"""Production's accounts in the sandbox: the login by them, and pages that only production has."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import structlog
from starlette.responses import RedirectResponse, Response

from gatepass.server.domain.users.sessions.linked import model, operations
from gatepass.server.domain.users.sessions.model import new_id
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import cookies, error_pages, redirects, rendering
from gatepass.server.portal.rendering import page, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

LOG_IN_FIRST = Message("Log in with your production account first, then go on.")
_DONE = {
    "logout": Message("You are logged out, here and in production."),
    "ended": Message("Your session had ended, so nothing was changed."),
}
_IS_ELSEWHERE = OAuthError("invalid_request", Message("The page is in production."), status=409)
_OF_THE_SANDBOX = (
    redirects.LOGIN,
    redirects.LOGOUT,
    redirects.CODE,
    redirects.VERIFY,
    redirects.WEBHOOKS,
)

log = structlog.get_logger("gatepass.server")


class _Place(NamedTuple):
    """A page that only production has, and what it is about."""

    path: str
    subject: str


_ACCOUNT = _Place(redirects.ACCOUNT, Message("Your account"))
_PLACES = (
    _Place(redirects.TEAM, Message("The people of your organization")),
    _Place(redirects.PASSWORD, Message("Your password")),
    _Place(redirects.RECOVER, Message("Your password")),
)
_PREFIXES = (redirects.TEAM, redirects.ACCOUNT, "/accounts/")


def is_elsewhere(request: PortalRequest) -> bool:
    """Return whether a page is about accounts, in a sandbox that has none of its own.

    Any page below these paths is, so that a new one cannot be forgotten.
    """
    if request.accounts is None or request.path.startswith(_OF_THE_SANDBOX):
        return False
    return request.path.startswith(_PREFIXES)


def elsewhere(request: PortalRequest) -> Response:
    """Say that production has this page; a form that was sent has changed nothing."""
    place = next((each for each in _PLACES if request.path.startswith(each.path)), _ACCOUNT)
    url, is_form = _production(request).issuer + place.path, request.method == "POST"
    shown = {"subject": place.subject, "url": url, "is_form": is_form}
    if not is_form:
        return page(request, "in_production.html", **shown)
    return rejected_form(request, "in_production.html", _IS_ELSEWHERE, **shown)


def begin(request: PortalRequest) -> Response:
    """Send the browser to production's login, with the challenge for what it keeps in a cookie.

    Not right after a form, such as a logout: then the page asks first.
    """
    done = _DONE.get(request.query.get("done", ""))
    if done:
        return _login_page(request, page(request, "login_in_production.html", **_shown(done)))
    verifier = request.verifier or new_id()  # the same for two tabs that begin at once
    query = {"challenge": model.challenge(verifier)}
    next_path = redirects.own_path(request.query.get("next"))
    if next_path:
        query["next"] = next_path
    target = f"{_production(request).issuer}{redirects.SANDBOX}?{urlencode(query)}"
    response = RedirectResponse(target, status_code=303)
    cookies.set_verifier(response, request.environment, verifier)
    return response


def rejected_login(
    request: PortalRequest, refusal: OAuthError, next_path: str, parts: Sequence[str]
) -> Response:
    """Show where to log in, and keep the form whose session has ended."""
    shown = _shown(refusal.message, next_path=next_path, parts=parts)
    return _login_page(
        request, rejected_form(request, "login_in_production.html", refusal, **shown)
    )


def give_code(request: PortalRequest) -> Response:
    """In production: send the browser back to the sandbox with a code, and nowhere else.

    After a proof that the sandbox needs, the form waits in another tab, which the page says.
    """
    if not request.environment.trusted_by:
        return error_pages.page(request, 404)
    if request.query.get("done") == "proof":
        return page(request, "confirmed.html")
    challenge = model.read_challenge(request.query.get("challenge"))
    if challenge is None:
        return error_pages.page(request, 400)
    code = operations.make_code(request.context, request.current_login, challenge)
    next_path = redirects.own_path(request.query.get("next"))
    query = f"?{urlencode({'next': next_path})}" if next_path else ""
    target = f"{request.environment.trusted_by}{redirects.CODE}{code.value}/{query}"
    return RedirectResponse(target, status_code=303)


def enter(request: PortalRequest) -> Response:
    """In the sandbox: open a session for a code of production."""
    if request.accounts is None:
        return error_pages.page(request, 404)
    next_path = request.query.get("next")
    if request.login:
        path = request.after_login(next_path)
        return RedirectResponse(path, status_code=303)
    try:
        opened = operations.log_in(
            request.context,
            request.accounts.context,
            request.environment.session_settings,
            request.visitor,
            request.token,
            request.verifier,
        )
    except model.InvalidCode as invalid:
        return _invalid_code(request, invalid)
    path = redirects.after_login(next_path, opened.user.role)
    response = RedirectResponse(path, status_code=303)
    cookies.set_session(response, request.environment, opened.session_id)
    cookies.set_device(response, request.environment, opened.device_id)
    return response


def _invalid_code(request: PortalRequest, invalid: model.InvalidCode) -> Response:
    context, source = request.context, request.visitor.source
    if context.log_limit.allow("login_code.refused", source, context.clock()):
        log.warning(
            "login_code.refused",
            environment=context.name,
            source=source,
            reason=invalid.log_detail,
        )
    return rendering.error(
        request,
        invalid.status,
        title=Message("This login did not work"),
        say=Message(
            "It was used already, it is more than a minute old, or it was begun in another browser "
            "or environment. If that happens each time, your browser keeps no cookies."
        ),
        todo=Message("Log in again. Nothing was changed."),
        link_url=redirects.login(request.query.get("next") or ""),
        link_text=Message("Log in"),
    )


def _login_page(request: PortalRequest, response: Response) -> Response:
    if request.visitor.device:
        cookies.set_device(response, request.environment, request.visitor.device)
    return response


def _shown(said: str, *, next_path: str = "", parts: Sequence[str] = ()) -> dict[str, object]:
    return {
        "said": said,
        "login_url": redirects.login(next_path),
        "next": next_path,
        "saved_form": parts,
    }


def _production(request: PortalRequest) -> ServedEnvironment:
    if request.accounts is None:
        raise RuntimeError("a page of a sandbox without accounts was opened in another environment")
    return request.accounts
