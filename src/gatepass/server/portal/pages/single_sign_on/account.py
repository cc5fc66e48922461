"""One's own account and the provider: connected, disconnected, and a fresh log-in there."""

from starlette.responses import Response

from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.single_sign_on import arrivals, connections, providers
from gatepass.server.environment.openid_provider.errors import ProviderError
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.sessions import accounts
from gatepass.server.portal.pages.single_sign_on import journey
from gatepass.server.portal.rendering import redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def connect(request: PortalRequest) -> Steps[Response]:
    """Send the owner of an account to the provider, to connect it with who comes back."""
    found = providers.find_on(request.context, request.org_id)
    if found is None:
        return _rerender(
            request, OAuthError("invalid_request", Message("Single sign-on is turned off."))
        )
    if connections.connection_of(request.context, request.user):
        refusal = OAuthError(
            "invalid_request", Message("Your account is connected already."), status=409
        )
        return _rerender(request, refusal)
    try:
        return (yield from journey.leave(request, found, "link"))
    except ProviderError as error:
        return journey.refused(request, found.org_id, "link", error)
    except OAuthError as refusal:
        return _rerender(request, refusal)


def disconnect(request: PortalRequest) -> Response:
    """Disconnect one's account, whose password then logs in."""
    try:
        arrivals.disconnect(request.context, request.actor, request.org_id, request.user.id)
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return redirect(request, redirects.ACCOUNT, Message("Your account is no longer connected."))


def prove(request: PortalRequest) -> Steps[Response]:
    """Send somebody to the provider to log in there again, and then on to `next`.

    What they come back with is a fresh proof of the session (`max_age`, `auth_time`).
    """
    found = providers.find_on(request.context, request.org_id)
    if found is None or not connections.connection_of(request.context, request.user):
        return journey.not_set_up(request)
    if request.method == "HEAD":  # nobody follows it
        return redirect(request, request.path)
    next_path = request.query.get("next", "")
    try:
        return (yield from journey.leave(request, found, "proof", next_path=next_path))
    except ProviderError as error:
        return journey.refused(request, found.org_id, "proof", error)


def _rerender(request: PortalRequest, refusal: OAuthError) -> Response:
    shown = accounts.page_context(request)
    errors = errors_of(refusal)
    return rejected_form(request, "account.html", refusal, **shown, errors=errors)
