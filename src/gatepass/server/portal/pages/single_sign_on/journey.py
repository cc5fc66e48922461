"""Sends a browser to a provider, and says what happened where somebody comes back in vain."""

from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from starlette.responses import RedirectResponse, Response

from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.server.domain.users.single_sign_on import (
    arrivals,
    connections,
    providers,
    round_trips,
)
from gatepass.server.domain.users.single_sign_on.enforcement import SingleSignOnRequired
from gatepass.server.domain.users.single_sign_on.model import (
    PATH,
    Provider,
    Purpose,
    host_of,
)
from gatepass.server.domain.users.single_sign_on.round_trips import Begun
from gatepass.server.environment.openid_provider.errors import ProviderAwayError, ProviderError
from gatepass.server.environment.openid_provider.round_trip import RoundTrip
from gatepass.server.environment.openid_provider.work import ProviderWork
from gatepass.server.portal import cookies, redirects, rendering
from gatepass.server.portal.access import SAFE
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

log = structlog.get_logger("gatepass.server")


def redirect_uri(request: PortalRequest, org_id: UUID) -> str:
    """Return where a provider sends people back to.

    Each organization has its own, so that an answer of one provider is never taken for one of
    another (RFC 9700 §4.4.2.2).
    """
    return f"{request.environment.issuer}{PATH}{org_id}/callback/"


def round_trip(
    request: PortalRequest, provider: Provider, purpose: Purpose, begun: Begun
) -> RoundTrip:
    """Return what the authorization request and its answer have in common."""
    return RoundTrip(
        provider.issuer,
        provider.client_id,
        redirect_uri(request, provider.org_id),
        begun.state,
        begun.nonce,
        begun.verifier,
        int(FRESH.total_seconds()) if purpose == "proof" else None,
    )


def leave(
    request: PortalRequest,
    provider: Provider,
    purpose: Purpose,
    *,
    user_id: UUID | None = None,
    next_path: str = "",
    login_hint: str = "",
) -> Steps[Response]:
    """Begin a round trip and send the browser to the provider.

    Raises OAuthError (429, 503), and ProviderError where its metadata cannot be had.
    """
    login = None if purpose == "login" else request.current_login
    begun = round_trips.begin(
        request.context,
        request.visitor,
        provider,
        purpose,
        login=login,
        user_id=user_id,
        next_path=redirects.own_path(next_path),
    )
    trip = round_trip(request, provider, purpose, begun)
    ask = partial(request.environment.providers.authorization_url, trip, login_hint)
    url = yield ProviderWork(ask)
    if request.method in SAFE:
        response: Response = RedirectResponse(url, status_code=303)
    else:
        # Browsers hold the redirect of a form against `form-action` of the Content Security Policy.
        host = urlsplit(url).hostname or ""
        response = rendering.page(request, "leaving.html", url=url, host=host)
    if request.visitor.device:
        cookies.set_device(response, request.environment, request.visitor.device)
    return response


def after_password(request: PortalRequest, required: SingleSignOnRequired) -> Steps[Response]:
    """Send somebody with the right password to the provider, from which alone they may come.

    An account that is not connected yet is connected when they come back.
    """
    user = required.user
    found = providers.find_on(request.context, user.org_id)
    if found is None:  # turned off meanwhile
        raise OAuthError("invalid_request", Message("Log in again."), status=409)
    is_connected = connections.connection_of(request.context, user)
    whose = None if is_connected and is_connected.issuer == found.issuer else user.id
    try:
        return (
            yield from leave(
                request, found, "login", user_id=whose, next_path=request.form.get("next", "")
            )
        )
    except ProviderError as error:
        return refused(request, found.org_id, "login", error)


def refused(request: PortalRequest, org_id: UUID, purpose: str, error: Exception) -> Response:
    """Log why somebody was refused; return the one page that says nothing of it.

    Where the provider cannot be reached, the page says so.
    """
    context, source = request.context, request.visitor.source
    is_away = isinstance(error, ProviderAwayError)
    if context.log_limit.allow("single_sign_on.refused", source, context.clock(), org_id):
        log.warning(
            "single_sign_on.refused",
            environment=context.name,
            org_id=str(org_id),
            purpose=purpose,
            source=source,
            reason=str(error),
        )
    if not is_away:
        arrivals.record_refusal(context, request.visitor, org_id)
    return _away(request) if is_away else one_page(request)


def provider_host(provider: Provider) -> str:
    """Return what people know the provider by."""
    return host_of(provider.issuer)


def not_set_up(request: PortalRequest) -> Response:
    """Return the page for an organization that has turned on no provider, or does not exist."""
    return rendering.error(
        request,
        404,
        title=Message("No single sign-on here"),
        say=Message("At this address no organization logs in through a provider of its own."),
        todo=Message("Check the address, or log in with your username and password."),
        link_url=redirects.LOGIN,
        link_text=Message("Go to the login"),
    )


def one_page(request: PortalRequest) -> Response:
    """Return the one page of everybody who is not let in, whatever the reason."""
    return rendering.error(
        request,
        400,
        title=Message("Single sign-on did not work"),
        say=Message(
            "The attempt was used already, took longer than 10 minutes, or began in another "
            "browser; or your account at your company is not accepted here."
        ),
        todo=Message(
            "Start again from the login. If you have an account with a password here, log in with "
            "it and connect it on your account page. If that does not help, tell an administrator "
            "of your organization the time of this attempt."
        ),
        link_url=redirects.LOGIN,
        link_text=Message("Go to the login"),
    )


def _away(request: PortalRequest) -> Response:
    return rendering.error(
        request,
        503,
        title=Message("Your provider does not answer"),
        say=Message(
            "The provider through which your organization logs in could not be reached, or did not "
            "answer in time."
        ),
        todo=Message(
            "Try again in some minutes. If it lasts, tell an administrator of your organization."
        ),
        link_url=redirects.LOGIN,
        link_text=Message("Go to the login"),
    )
