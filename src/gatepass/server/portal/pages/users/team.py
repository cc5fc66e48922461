"""The team: the users of the organization and their roles."""

from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.users import initial_passwords, operations, portal_users
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.invitations import operations as invitations
from gatepass.server.domain.users.model import (
    Role,
    User,
    check_email,
    check_role,
    check_username,
    has_expired_password,
)
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.domain.users.store import After
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_MOST = 100  # users on one page
_FEW = 5  # users, whom nobody has to search
_LONGEST_TEXT = 200


def index(request: PortalRequest) -> Response:
    """Show the users that the query asks for, oldest first."""
    text = request.query.get("q", "").strip()[:_LONGEST_TEXT].replace("\0", "")
    role = next((each for each in get_args(Role) if each == request.query.get("role")), "")
    where = {name: each for name, each in (("search", text), ("role", role)) if each}
    found, more = operations.page(
        request.context, request.org_id, where=where, after=_after(request), limit=_MOST
    )
    values = {"q": text, "role": role}
    given = {name: each for name, each in values.items() if each}
    older = urlencode(given | {"after": str(found[-1].id)}) if more else ""
    return page(
        request,
        "team.html",
        users=[(each, _state(request, each)) for each in found],
        may_change=request.may_change,
        sends_mail=request.sends_mail,
        invitations=invitations.of_organization(request.context, request.org_id),
        more_url=f"{redirects.TEAM}?{older}" if more else None,
        values=values,
        has_search=bool(where) or more or "after" in request.query or len(found) > _FEW,
        is_filtered=bool(where),
    )


def one(request: PortalRequest) -> Response:
    """Show one user."""
    return page(request, "user.html", **_page_context(request), errors={}, values={})


def add_form(request: PortalRequest) -> Response:
    """Show the empty form for a new user."""
    return page(request, "user_add.html", values={}, errors={}, sends_mail=request.sends_mail)


def add(request: PortalRequest) -> Steps[Response]:
    """Add a user who can log in; a form sent twice adds one user."""
    user_id = request.creation_id()
    errors = _wrong_fields(request)
    if errors and not _is_there(request, user_id):
        return rerender_add_form(
            request, OAuthError("invalid_request", Message("See the fields.")), errors
        )
    try:
        initial_passwords.add_with_access(
            request.context,
            request.actor,
            request.org_id,
            username=request.form.get("username", ""),
            email=request.form.get("email"),
            role=request.form.get("role", ""),
            user_id=user_id,
            initial=(yield from initial_passwords.new_password(request.environment.hasher)),
            also=lambda *made: _keep(request, *made),
        )
    except OAuthError as refusal:
        if not _is_there(request, user_id):
            return rerender_add_form(request, refusal)
    return redirect(request, f"{address(user_id)}initial-password/")


def rerender_add_form(
    request: PortalRequest, refusal: OAuthError, errors: Mapping[str, str] | None = None
) -> Response:
    """Show the form for a new user again, with the errors and the typed values."""
    errors = errors or errors_of(refusal)
    values = request.typed()
    return rejected_form(
        request,
        "user_add.html",
        refusal,
        values=values,
        errors=errors,
        sends_mail=request.sends_mail,
    )


def _wrong_fields(request: PortalRequest) -> Errors:
    """Check every field of a new user, so that the page shows all errors at once."""
    errors, email = Errors(), request.form.get("email")
    errors.check("username", lambda: check_username(request.form.get("username", "")))
    if email:
        errors.check("email", lambda: check_email(email))
    errors.check("role", lambda: check_role(request.form.get("role", "")))
    return errors


def give_access(request: PortalRequest) -> Steps[Response]:
    """Set a new initial password for another user."""
    user = _find_user(request)
    if user.id == request.user.id:
        # It would end the session that has to show it.
        raise OAuthError(
            "invalid_request",
            Message("Your own password is changed on your account page."),
            status=409,
        )
    try:
        initial_passwords.give_access(
            request.context,
            request.actor,
            request.org_id,
            user.id,
            request.form.get("username"),
            initial=(yield from initial_passwords.new_password(request.environment.hasher)),
            also=lambda *made: _keep(request, *made),
        )
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(request, f"{address(user.id)}initial-password/")


def initial_password(request: PortalRequest) -> Response:
    """Show an initial password once; afterwards redirect to the user."""
    user = _find_user(request)
    if request.method == "HEAD":  # a HEAD request must not use up the password
        return Response(media_type="text/html")
    kept = request.take_once(_about(user.id))
    if kept is None:
        return redirect(
            request, address(user.id), Message("The initial password was shown already.")
        )
    return page(
        request,
        "initial_password.html",
        username=user.username,
        initial_password=kept["password"],
        login_url=request.environment.issuer + redirects.LOGIN,
    )


def set_role(request: PortalRequest) -> Response:
    """Change a user's role."""
    user = _find_user(request)
    role = request.form.get("role", "")
    try:
        operations.set_role(request.context, request.actor, request.org_id, user.id, role)
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(request, address(user.id), Message("The role is changed."))


def reset_factors(request: PortalRequest) -> Response:
    """Remove the second factors of a user who lost them."""
    user = _find_user(request)
    try:
        factors.reset(request.context, request.actor, request.org_id, user.id)
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(
        request,
        address(user.id),
        Message("Their second factors are removed, and their sessions have ended."),
    )


def enable(request: PortalRequest) -> Response:
    """Enable a user."""
    return _set_enabled(request, Message("The user can log in again."), enabled=True)


def disable(request: PortalRequest) -> Response:
    """Disable a user and end their sessions."""
    return _set_enabled(request, Message("The user is disabled and logged out."), enabled=False)


def _set_enabled(request: PortalRequest, done: str, *, enabled: bool) -> Response:
    user = _find_user(request)
    try:
        operations.set_enabled(
            request.context, request.actor, request.org_id, user.id, enabled=enabled
        )
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(request, address(user.id), done)


def rerender(request: PortalRequest, refusal: OAuthError) -> Response:
    """Show a user with the errors and the typed values."""
    return rejected_form(
        request,
        "user.html",
        refusal,
        **_page_context(request),
        errors=errors_of(refusal),
        values=request.typed(),
    )


def _keep(request: PortalRequest, connection: Connection, user: User, password: Secret) -> None:
    request.keep_once(connection, _about(user.id), {"password": password.value})


def _find_user(request: PortalRequest) -> User:
    return operations.find(request.context, request.org_id, request.ids["user_id"])


def _is_there(request: PortalRequest, user_id: UUID) -> bool:
    try:
        operations.find(request.context, request.org_id, user_id)
    except NotFoundError:
        return False
    return True


def _after(request: PortalRequest) -> After | None:
    text = request.query.get("after")
    if text is None:
        return None
    try:
        last = operations.find(request.context, request.org_id, UUID(text))
    except ValueError:
        raise NotFoundError(text) from None
    return After(last.created_at, last.id)


def _page_context(request: PortalRequest) -> dict[str, object]:
    user = _find_user(request)
    return {
        "user": user,
        "state": _state(request, user),
        "sends_mail": request.sends_mail,
        "is_confirmed": portal_users.is_confirmed(request.context, user),
        "factors": factors.of_user(request.context, user),
        "is_self": user.id == request.user.id,
        "is_last_admin": operations.is_last_administrator(request.context, user),
        "sessions": sessions.live_sessions(
            request.context, request.environment.session_settings, user
        ),
        "current_session": request.current_login.session,
    }


def _state(request: PortalRequest, user: User) -> str:
    if user.disabled_at:
        return "disabled"
    if has_expired_password(user, request.now):
        return "initial password expired"
    return "active" if user.password_hash else "no portal access"


def address(user_id: UUID) -> str:
    """Return the path of a user's page."""
    return f"{redirects.TEAM}{user_id}/"


def _about(user_id: UUID) -> str:
    return f"the initial password of {user_id}"
