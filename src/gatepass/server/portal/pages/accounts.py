"""Logging in and out, one's own account, and one's own password."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace

from starlette.responses import Response

from gatepass.server.domain.sessions import operations as sessions
from gatepass.server.domain.sessions.model import Session
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users import passwords
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.portal import cookies, csrf, redirects
from gatepass.server.portal.forms import resubmission
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.presentation import user_agents
from gatepass.server.portal.rendering import page, redirect, refused
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret


def first_page(visit: PortalRequest) -> Response:
    """Send the browser to the applications, or to the account of who may not see them."""
    role = visit.login.person.role if visit.login else "admin"
    return redirect(visit, redirects.landing(role))


def login_form(visit: PortalRequest) -> Response:
    """Show the login, and give the browser the id that the form's token hangs on."""
    wanted = visit.query.get("next")
    if visit.login:
        return redirect(visit, redirects.after_login(wanted, visit.login.person.role))
    wanted = redirects.own_path(wanted)
    response: Response = page(visit, "login.html", values={}, errors={}, next=wanted, unsent=[])
    if visit.visitor.device:
        cookies.set_device(response, visit.environment, visit.visitor.device)
    return response


def log_in(visit: PortalRequest) -> Steps[Response]:
    """Open a session; a new id for it, and a new one for the browser (ASVS 7.2.4)."""
    if visit.login:
        return _logged_in(visit)
    try:
        made = yield from sessions.log_in(
            visit.environment.context,
            visit.environment.hasher,
            visit.visitor,
            visit.form.get("username", ""),
            visit.secret("password"),
        )
    except OAuthError as refusal:
        return login_again(visit, refusal)
    login = sessions.find(
        visit.environment.context, visit.environment.session_settings, made.session_id
    )
    response = _logged_in(replace(visit, login=login, csrf=csrf.token(made.session_id)))
    cookies.set_session(response, visit.environment, made.session_id)
    cookies.set_device(response, visit.environment, made.device_id)
    return response


def login_again(
    visit: PortalRequest,
    refusal: OAuthError,
    *,
    wanted: str | None = None,
    parts: Sequence[str] = (),
) -> Response:
    """Show the login with what is wrong; `parts` of an unsent form go with it."""
    response: Response = refused(
        visit,
        "login.html",
        refusal,
        values={"username": visit.form.get("username", "")} if wanted is None else {},
        errors=errors_of(refusal),
        next=redirects.own_path(visit.form.get("next") if wanted is None else wanted),
        unsent=parts or resubmission.carried(visit),
    )
    if visit.visitor.device:
        cookies.set_device(response, visit.environment, visit.visitor.device)
    return response


def outdated_login(visit: PortalRequest, outdated: csrf.OutdatedForm) -> Response:
    """Answer a login form of before another login in this browser: go on, or show it again."""
    if visit.login:
        return _logged_in(visit)
    return login_again(visit, outdated)


def _logged_in(visit: PortalRequest) -> Response:
    """Go to the page that was wanted, or show the form that the login came in between of."""
    person = visit.me.person
    found = None if person.must_change_password else resubmission.read(visit)
    if found:
        refusal = OAuthError("invalid_request", resubmission.SAY, status=200)
        shown = resubmission.again(replace(visit, path=found.path, form=found.form), refusal)
        if shown:
            return shown
    username = visit.form.get("username", "").strip().lower()
    is_other = username not in {"", person.username} and "@" not in username
    flash = f"You are logged in as {person.username}. Log out to log in as another user."
    wanted = redirects.after_login(visit.form.get("next"), person.role)
    return redirect(visit, wanted, flash if is_other else "")


def log_out(visit: PortalRequest) -> Response:
    """End the session, here and in the browser."""
    sessions.log_out(visit.environment.context, visit.actor, visit.me)
    response = redirect(visit, redirects.LOGIN)
    cookies.drop_session(response, visit.environment)
    # Not "cookies": a browser drops those of the whole registered domain, other services' too.
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


def account(visit: PortalRequest) -> Response:
    """Show who one is, and where one is logged in."""
    return page(visit, "account.html", **whole(visit), errors={})


def whole(visit: PortalRequest) -> dict[str, object]:
    """Return what the account page shows, as the person is now."""
    person = people.find(visit.environment.context, visit.org_id, visit.me.person.id)
    shown = SimpleNamespace(
        username=person.username,
        email=person.email,
        pending_email=person.pending_email,
        pending_email_at=person.pending_email_at,
        pending_email_by=person.pending_email_by,
        role=person.role,
        organization=visit.me.organization.name,
        created_at=person.created_at,
        last_login_at=person.last_login_at,
        password_changed_at=person.password_changed_at or person.created_at,
    )
    found = sessions.live_sessions(
        visit.environment.context, visit.environment.session_settings, person
    )
    return {"account": shown, "sessions": [_session(visit, each) for each in found]}


def end_other_sessions(visit: PortalRequest) -> Response:
    """End every session but this one."""
    sessions.end_others(visit.environment.context, visit.actor, visit.me)
    return redirect(visit, redirects.ACCOUNT, "All other sessions have ended.")


def password_form(visit: PortalRequest) -> Response:
    """Show the form for a new password."""
    return page(visit, "password.html", forced=visit.me.person.must_change_password, errors={})


def change_password(visit: PortalRequest) -> Steps[Response]:
    """Change one's own password: every session ends, and a new one opens here."""
    person = visit.me.person
    try:
        errors = _wrong_passwords(visit)
        if errors:
            return _password_again(visit, OAuthError("invalid_request", "See the fields."), errors)
        sessions.check_may_try(
            visit.environment.context, visit.environment.hasher, visit.me, visit.visitor.source
        )
        yield from _changed(visit)
    except OAuthError as refusal:
        return _password_again(visit, refusal, errors_of(refusal))
    session_id = sessions.open_again(
        visit.environment.context, visit.visitor, person, "The password is changed."
    )
    forced_to = redirects.landing(person.role)
    response = redirect(visit, forced_to if person.must_change_password else redirects.ACCOUNT)
    cookies.set_session(response, visit.environment, session_id)
    return response


def _wrong_passwords(visit: PortalRequest) -> Errors:
    """Check what needs no hash, so that all of that is said at once."""
    errors, new = Errors(), visit.secret("new_password")
    me = visit.me
    names = (me.person.username, me.person.email, me.organization.name)
    errors.check("current_password", lambda: _check_given(visit.secret("current_password")))
    errors.check("new_password", lambda: passwords.check(new, names))
    again = visit.secret("new_password_again")
    errors.check("new_password_again", lambda: _check_same(new, again))
    return errors


def _check_same(new: Secret, again: Secret) -> None:
    if new != again:
        raise OAuthError("invalid_request", "The two entries are not the same.")


def _check_given(password: Secret) -> None:
    if not password.value:
        raise OAuthError("invalid_request", "Enter your current password.")


def _password_again(
    visit: PortalRequest, refusal: OAuthError, errors: Mapping[str, str]
) -> Response:
    forced = visit.me.person.must_change_password
    return refused(visit, "password.html", refusal, forced=forced, errors=errors)


def _changed(visit: PortalRequest) -> Steps[None]:
    """Change the password; where the server is too busy for it, the try does not count."""
    try:
        yield from people.change_password(
            visit.environment.context,
            visit.environment.hasher,
            visit.actor,
            visit.me.person,
            visit.secret("current_password"),
            visit.secret("new_password"),
        )
    except OAuthError as refusal:
        if refusal.status == 503:
            sessions.forget_try(visit.environment.context, visit.me, visit.visitor.source)
        raise


def _session(visit: PortalRequest, session: Session) -> SimpleNamespace:
    return SimpleNamespace(
        user_agent=user_agents.words(session.user_agent),
        source=session.source,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        current=session.id_digest == visit.me.session.id_digest,
    )
