"""Choosing the language of pages: in the account, or for this browser before the login."""

from starlette.responses import Response

from gatepass.server.domain.users.notices.languages import operations as languages
from gatepass.server.portal import cookies, redirects
from gatepass.server.portal.rendering import redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.language import language
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_DONE = Message("The language is changed.")
_UNKNOWN = Message("Choose one of the languages.")


def choose_in_browser(request: PortalRequest) -> Response:
    """Show pages of this browser in another language, and go back to the page.

    A link may do this, as nothing else changes: the worst that another site can do is to set a
    language that this server speaks.
    """
    code = request.query.get("to", "")
    if code not in request.environment.languages:
        raise NotFoundError(code)
    response = redirect(request, redirects.own_path(request.query.get("next")) or "/")
    cookies.set_language(response, request.environment, code)
    return response


def choose_in_account(request: PortalRequest) -> Response:
    """Set the language of the user's pages and mail; an empty one means that of the browser."""
    code = request.form.get("language", "")
    if code and code not in request.environment.languages:
        raise OAuthError("invalid_request", _UNKNOWN)
    languages.choose(request.context, request.actor, request.user.id, code)
    shown = language(code) if code else request.language
    return redirect(request, redirects.ACCOUNT, shown.translate(_DONE))
