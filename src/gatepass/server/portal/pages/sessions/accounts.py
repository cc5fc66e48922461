"""Login, logout, the user's own account and password."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.responses import Response

from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users import portal_users
from gatepass.server.domain.users.factors import checks
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions import login, opening, step_up
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.domain.users.sessions.linked import operations as linked
from gatepass.server.domain.users.sessions.opening import LoggedIn
from gatepass.server.domain.users.sessions.second_step import SecondStep
from gatepass.server.domain.users.single_sign_on import connections, providers
from gatepass.server.domain.users.single_sign_on.enforcement import SingleSignOnRequired
from gatepass.server.domain.users.single_sign_on.model import host_of
from gatepass.server.portal import cookies, redirects
from gatepass.server.portal.forms import csrf
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.sessions import one_identity, resubmission, second_step_form
from gatepass.server.portal.pages.single_sign_on import journey
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.language import language
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

NOT_REPEATED = Message("The two entries are not the same.")
_CHANGED = Message("The password is changed.")
_DONE = {
    "password": Message("Your new password is set. Log in with it."),
    "invitation": Message("Your account is ready. Log in with your username and password."),
}


def first_page(request: PortalRequest) -> Response:
    """Redirect to the first page of the user."""
    return redirect(request, request.landing if request.login else redirects.APPLICATIONS)


def login_form(request: PortalRequest) -> Response:
    """Show the login form and set the device id, which the form's token depends on."""
    next_path = request.query.get("next")
    if request.login:
        return redirect(request, request.after_login(next_path))
    if request.accounts:
        return one_identity.begin(request)
    next_path = redirects.own_path(next_path)
    response: Response = page(
        request,
        "login.html",
        values={},
        errors={},
        next=next_path,
        saved_form=[],
        sends_mail=request.sends_mail,
        passkey_options=_passkey_options(request),
        done=_DONE.get(request.query.get("done", "")),
        has_single_sign_on=providers.is_any_on(request.context),
    )
    if request.visitor.device:
        cookies.set_device(response, request.environment, request.visitor.device)
    return response


def log_in(request: PortalRequest) -> Steps[Response]:
    """Open a session, or lead to the second step of the login."""
    if request.login:
        return _logged_in(request)
    if request.accounts:
        refusal = OAuthError("invalid_request", one_identity.LOG_IN_FIRST, status=403)
        return rerender_login(request, refusal)
    try:
        made = yield from login.log_in(
            request.context,
            request.environment.hasher,
            request.visitor,
            request.form.get("username", ""),
            request.secret("password"),
        )
    except SingleSignOnRequired as required:
        return (yield from journey.after_password(request, required))
    except OAuthError as refusal:
        return rerender_login(request, refusal)
    if isinstance(made, SecondStep):
        return second_step_form.begin(request, made)
    return opened(request, made)


def opened(request: PortalRequest, made: LoggedIn) -> Response:
    """Lead on with a session that was just opened, and set its cookies."""
    current = sessions.find(request.context, request.environment.session_settings, made.session_id)
    response = _logged_in(replace(request, login=current, csrf=csrf.token(made.session_id)))
    cookies.set_session(response, request.environment, made.session_id)
    cookies.set_device(response, request.environment, made.device_id)
    if request.login_id:
        cookies.drop_login(response, request.environment)
    return response


def _passkey_options(request: PortalRequest) -> str:
    """Return what the browser is asked for a passkey; empty where there can be none."""
    party = request.environment.relying_party
    if party.why_not or not factors.is_available(request.context):
        return ""
    return checks.begin_login(request.context, party, request.browser)


def rerender_login(
    request: PortalRequest,
    refusal: OAuthError,
    *,
    next_path: str | None = None,
    parts: Sequence[str] = (),
) -> Response:
    """Show the login form with the error; `parts` are the hidden fields of a saved form."""
    parts = parts or resubmission.hidden_fields(request)
    next_after = redirects.own_path(request.form.get("next") if next_path is None else next_path)
    if request.accounts:
        return one_identity.rejected_login(request, refusal, next_after, parts)
    response: Response = rejected_form(
        request,
        "login.html",
        refusal,
        values={"username": request.form.get("username", "")} if next_path is None else {},
        errors=errors_of(refusal),
        next=next_after,
        saved_form=parts,
        sends_mail=request.sends_mail,
        passkey_options=_passkey_options(request),
        done=None,
        has_single_sign_on=providers.is_any_on(request.context),
    )
    if request.visitor.device:
        cookies.set_device(response, request.environment, request.visitor.device)
    return response


def outdated_login(request: PortalRequest, outdated: csrf.OutdatedForm) -> Response:
    """Answer a login form from before another login in this browser: continue or show it again."""
    if request.login:
        return _logged_in(request)
    return rerender_login(request, outdated)


def _logged_in(request: PortalRequest) -> Response:
    """Redirect to the requested page, or show the form that was saved before the login."""
    user = request.user
    is_confined = user.must_change_password or request.current_login.lacks_factor
    found = None if is_confined else resubmission.read(request)
    if found:
        refusal = OAuthError("invalid_request", resubmission.CHECK_AGAIN, status=200)
        shown = resubmission.rerender(replace(request, path=found.path, form=found.form), refusal)
        if shown:
            return shown
    username = request.form.get("username", "").strip().lower()
    is_other = username not in {"", user.username} and "@" not in username
    flash = Message(
        "You are logged in as {username}. Log out to log in as another user.",
        username=user.username or "",
    )
    next_path = request.after_login(request.form.get("next"))
    return redirect(request, next_path, flash if is_other else "")


def log_out(request: PortalRequest) -> Response:
    """End the session and delete its cookie."""
    target = redirects.LOGIN
    if request.accounts:
        linked.log_out(
            request.context, request.accounts.context, request.actor, request.current_login
        )
        target = redirects.LOGGED_OUT
    else:
        sessions.log_out(request.context, request.actor, request.current_login)
    response = redirect(request, target)
    cookies.drop_session(response, request.environment)
    # Not "cookies": that deletes all cookies of the registered domain, also of other services.
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


def account(request: PortalRequest) -> Response:
    """Show the user's account and sessions."""
    return page(request, "account.html", **page_context(request), errors={})


def page_context(request: PortalRequest) -> dict[str, object]:
    """Return the template context of the account page."""
    user = users.find(request.context, request.org_id, request.user.id)
    return {
        "account": user,
        "sends_mail": request.sends_mail,
        "is_confirmed": portal_users.is_confirmed(request.context, user),
        "sessions": sessions.live_sessions(
            request.context, request.environment.session_settings, user
        ),
        "current_session": request.current_login.session,
        "factors": factors.of_user(request.context, user),
        "previous_login": sessions.previous_login(request.context, request.current_login),
        "languages": [language(code) for code in request.environment.languages],
        "chosen_language": request.current_login.language,
        "browser_language": request.language,
        **_single_sign_on(request, user),
    }


def _single_sign_on(request: PortalRequest, user: User) -> dict[str, object]:
    """Return what the account page says of the organization's provider."""
    provider = providers.find_on(request.context, user.org_id)
    return {
        "provider_host": host_of(provider.issuer) if provider else None,
        "connection": connections.connection_of(request.context, user),
        "has_own_password": connections.has_own_password(request.context, user),
        "is_sso_required": connections.is_required(request.context, user),
    }


def end_other_sessions(request: PortalRequest) -> Response:
    """End all other sessions of the user."""
    sessions.end_others(request.context, request.actor, request.current_login)
    return redirect(request, redirects.ACCOUNT, Message("All other sessions have ended."))


def password_form(request: PortalRequest) -> Response:
    """Show the form for a new password."""
    forced = request.user.must_change_password
    return page(request, "password.html", forced=forced, errors={})


def change_password(request: PortalRequest) -> Steps[Response]:
    """Change the user's password: all sessions end, and a new one opens in this browser."""
    user = request.user
    try:
        errors = _wrong_passwords(request)
        if errors:
            return _rerender_password_form(
                request, OAuthError("invalid_request", Message("See the fields.")), errors
            )
        step_up.check_may_try(
            request.context,
            request.environment.hasher,
            request.current_login,
            request.visitor.source,
        )
        yield from _changed(request)
    except OAuthError as refusal:
        return _rerender_password_form(request, refusal, errors_of(refusal))
    session_id = opening.open_again(
        request.context, request.visitor, user, request.language.translate(_CHANGED)
    )
    response = redirect(
        request, request.landing if user.must_change_password else redirects.ACCOUNT
    )
    cookies.set_session(response, request.environment, session_id)
    return response


def _wrong_passwords(request: PortalRequest) -> Errors:
    """Return all errors that are found without a password hash."""
    errors, new = Errors(), request.secret("new_password")
    user, organization = request.user, request.current_login.organization
    if not request.secret("current_password").value:
        errors["current_password"] = step_up.MISSING
    names = (user.username, user.email, organization.name)
    errors.check("new_password", lambda: passwords.check(new, names))
    if new != request.secret("new_password_again"):
        errors["new_password_again"] = NOT_REPEATED
    return errors


def _rerender_password_form(
    request: PortalRequest, refusal: OAuthError, errors: Mapping[str, str]
) -> Response:
    forced = request.user.must_change_password
    return rejected_form(request, "password.html", refusal, forced=forced, errors=errors)


def _changed(request: PortalRequest) -> Steps[None]:
    """Change the password; an attempt refused because the server is busy does not count."""
    try:
        yield from users.change_password(
            request.context,
            request.environment.hasher,
            request.actor,
            request.user,
            request.secret("current_password"),
            request.secret("new_password"),
        )
    except OAuthError as refusal:
        if refusal.status == 503:
            step_up.forget_try(request.context, request.current_login, request.visitor.source)
        raise
