"""The login through an organization's provider: by address, by link, and the way back."""

from dataclasses import replace
from functools import partial
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.domain.users.single_sign_on import arrivals, providers, round_trips, setup
from gatepass.server.domain.users.single_sign_on.model import Claims
from gatepass.server.domain.users.single_sign_on.round_trips import RefusedError, Returned
from gatepass.server.environment.openid_provider.errors import ProviderError
from gatepass.server.environment.openid_provider.round_trip import Answer
from gatepass.server.environment.openid_provider.work import ProviderWork
from gatepass.server.portal import cookies, error_pages, redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.single_sign_on import journey, trial
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_PROVED = Message("You have confirmed that it is you. If a form waits in another tab, go on there.")


def form(request: PortalRequest) -> Response:
    """Show the form that asks for the address, whose domain leads to the provider."""
    next_path = redirects.own_path(request.query.get("next"))
    if request.login:
        return redirect(request, request.after_login(next_path))
    response: Response = page(
        request, "single_sign_on_login.html", values={}, errors={}, next=next_path
    )
    if request.visitor.device:
        cookies.set_device(response, request.environment, request.visitor.device)
    return response


def by_address(request: PortalRequest) -> Steps[Response]:
    """Send somebody to the provider of their address's domain; no account is looked up."""
    email, next_path = request.form.get("email", ""), request.form.get("next", "")
    if request.login:
        return redirect(request, request.after_login(next_path))
    try:
        found = providers.find_by_email(request.context, request.visitor, email)
    except OAuthError as refusal:
        return _rerender(request, refusal)
    try:
        return (
            yield from journey.leave(
                request, found, "login", next_path=next_path, login_hint=email.strip()
            )
        )
    except ProviderError as error:
        return journey.refused(request, found.org_id, "login", error)


def start(request: PortalRequest) -> Steps[Response]:
    """Send somebody to the provider of the organization in the path."""
    next_path = redirects.own_path(request.query.get("next"))
    if request.login:
        return redirect(request, request.after_login(next_path))
    found = providers.find_on(request.context, request.ids["org_id"])
    if found is None:
        return journey.not_set_up(request)
    if request.method == "HEAD":  # nobody follows it
        return redirect(request, request.path)
    try:
        return (yield from journey.leave(request, found, "login", next_path=next_path))
    except ProviderError as error:
        return journey.refused(request, found.org_id, "login", error)


def callback(request: PortalRequest) -> Steps[Response]:
    """Take somebody in who comes back from the provider."""
    if request.method == "HEAD":  # it must not use up the state
        return journey.one_page(request)
    org_id, query = request.ids["org_id"], request.query
    try:
        returned = round_trips.end(
            request.context,
            request.visitor,
            request.login,
            org_id,
            Secret(query.get("state", "")),
        )
    except RefusedError as error:
        return journey.refused(request, org_id, "unknown", error)
    code = Secret(query["code"]) if "code" in query else None
    answer = Answer(code, query.get("error"), query.get("iss"))
    try:
        claims = yield ProviderWork(partial(_claims, request, returned, answer))
        return _finish(request, returned, claims)
    except (ProviderError, RefusedError) as error:
        if returned.attempt.purpose == "test":
            return trial.failed(request, error)
        return journey.refused(request, org_id, returned.attempt.purpose, error)


def _claims(request: PortalRequest, returned: Returned, answer: Answer) -> Claims:
    provider, attempt = returned.provider, returned.attempt
    trip = journey.round_trip(request, provider, attempt.purpose, returned.begun)
    try:
        secret = setup.secret_of(request.context, provider)
    except MasterKeyError:
        raise ProviderError("the client secret cannot be decrypted: give it again") from None
    role_claim = (provider.role_claim.partition(".")[0],) if provider.role_claim else ()
    if provider.role_claim.startswith("http"):
        role_claim = (provider.role_claim,)
    wanted = () if attempt.purpose == "proof" else ("email", *role_claim)
    return request.environment.providers.claims(trip, answer, secret, wanted)


def _finish(request: PortalRequest, returned: Returned, claims: Claims) -> Response:
    """Do what the round trip was for."""
    host = journey.provider_host(returned.provider)
    match returned.attempt.purpose:
        case "login":
            return _log_in(request, returned, claims)
        case "test":
            return trial.succeeded(request, returned, claims)
        case "link":
            arrivals.connect(
                request.context,
                request.environment.hasher,
                request.actor,
                request.current_login,
                returned,
                claims,
            )
            return redirect(
                request,
                redirects.ACCOUNT,
                Message("Your account is connected with {host}.", host=host),
            )
        case "proof":
            arrivals.prove(request.context, request.current_login, returned, claims)
            next_path = returned.begun.next_path
            path = request.after_login(next_path)
            return redirect(request, path, _PROVED)


def _log_in(request: PortalRequest, returned: Returned, claims: Claims) -> Response:
    context = request.context
    if request.login and request.login.organization.suspended_at:
        return error_pages.suspended(request)
    made = arrivals.log_in(context, request.environment.hasher, request.visitor, returned, claims)
    if request.login:  # an older login in this browser, which the new one replaces
        sessions.log_out(context, request.actor, request.login)
    current = sessions.find(context, request.environment.session_settings, made.session_id)
    request = replace(request, login=current)
    path = request.after_login(returned.begun.next_path)
    response = redirect(request, path)
    cookies.set_session(response, request.environment, made.session_id)
    cookies.set_device(response, request.environment, made.device_id)
    return response


def _rerender(request: PortalRequest, refusal: OAuthError) -> Response:
    return rejected_form(
        request,
        "single_sign_on_login.html",
        refusal,
        values=request.typed(),
        errors=errors_of(refusal, "email"),
        next=redirects.own_path(request.form.get("next")),
    )


def start_path(org_id: UUID) -> str:
    """Return the path that leads to an organization's provider."""
    return f"/accounts/single-sign-on/{org_id}/"
