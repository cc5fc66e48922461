"""The team: the people of the organization, and what they may do."""

from collections.abc import Mapping
from types import SimpleNamespace
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.sessions import one_time_secret
from gatepass.server.domain.users import operations
from gatepass.server.domain.users.model import (
    User,
    check_email,
    check_role,
    check_username,
    has_expired_password,
)
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.domain.users.store import After
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.rendering import page, redirect, refused
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection, NotFoundError
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_MOST = 100  # people on one page


def all_of_them(visit: PortalRequest) -> Response:
    """Show the people, oldest first."""
    found, more = operations.page(
        visit.environment.context, visit.org_id, where={}, after=_after(visit), limit=_MOST
    )
    return page(
        visit,
        "team.html",
        people=[_listed(visit, each) for each in found],
        may_change=visit.may_change,
        more_url=f"{redirects.TEAM}?after={found[-1].id}" if more else None,
    )


def one(visit: PortalRequest) -> Response:
    """Show one person."""
    person = _owned(visit)
    return page(visit, "person.html", person=_shown(visit, person), errors={}, values={})


def add_form(visit: PortalRequest) -> Response:
    """Show the empty form."""
    return page(visit, "person_add.html", values={}, errors={})


def add(visit: PortalRequest) -> Steps[Response]:
    """Add somebody who can log in; sent twice, it makes one person."""
    person_id = visit.once()
    errors = _wrong_fields(visit)
    if errors and not _is_there(visit, person_id):
        return _add_again(visit, OAuthError("invalid_request", "See the fields."), errors)
    try:
        operations.add_with_access(
            visit.environment.context,
            visit.actor,
            visit.org_id,
            username=visit.form.get("username", ""),
            email=visit.form.get("email"),
            role=visit.form.get("role", ""),
            person_id=person_id,
            initial=(yield from operations.new_password(visit.environment.hasher)),
            also=lambda *made: _keep(visit, *made),
        )
    except OAuthError as refusal:
        if not _is_there(visit, person_id):
            return add_again(visit, refusal)
    return redirect(visit, f"{address(person_id)}initial-password/")


def add_again(visit: PortalRequest, refusal: OAuthError) -> Response:
    """Show the form of a new person with what is wrong, and what was typed."""
    return _add_again(visit, refusal, errors_of(refusal))


def _add_again(visit: PortalRequest, refusal: OAuthError, errors: Mapping[str, str]) -> Response:
    values = visit.typed()
    return refused(visit, "person_add.html", refusal, values=values, errors=errors)


def _wrong_fields(visit: PortalRequest) -> Errors:
    """Check every field of a new person, so that all that is wrong is said at once."""
    errors, email = Errors(), visit.form.get("email")
    errors.check("username", lambda: check_username(visit.form.get("username", "")))
    if email:
        errors.check("email", lambda: check_email(email))
    errors.check("role", lambda: check_role(visit.form.get("role", "")))
    return errors


def give_access(visit: PortalRequest) -> Steps[Response]:
    """Make a new initial password for somebody else."""
    person = _owned(visit)
    if person.id == visit.me.person.id:
        # It would end the very session that is to show it.
        raise OAuthError(
            "invalid_request", "Your own password is changed on your account page.", status=409
        )
    try:
        operations.give_access(
            visit.environment.context,
            visit.actor,
            visit.org_id,
            person.id,
            visit.form.get("username"),
            initial=(yield from operations.new_password(visit.environment.hasher)),
            also=lambda *made: _keep(visit, *made),
        )
    except OAuthError as refusal:
        return again(visit, refusal)
    return redirect(visit, f"{address(person.id)}initial-password/")


def initial_password(visit: PortalRequest) -> Response:
    """Show an initial password, one time; afterwards, the person."""
    person = _owned(visit)
    if visit.method == "HEAD":  # whoever asks for no page must not use up its password
        return Response(media_type="text/html")
    kept = one_time_secret.take(visit.environment.context, visit.me.session_id, _about(person.id))
    if kept is None:
        return redirect(visit, address(person.id), "The initial password was shown already.")
    return page(
        visit,
        "initial_password.html",
        username=person.username,
        initial_password=kept["password"],
        login_url=visit.environment.issuer + redirects.LOGIN,
    )


def set_role(visit: PortalRequest) -> Response:
    """Change somebody's role."""
    person = _owned(visit)
    role = visit.form.get("role", "")
    try:
        operations.set_role(visit.environment.context, visit.actor, visit.org_id, person.id, role)
    except OAuthError as refusal:
        return again(visit, refusal)
    return redirect(visit, address(person.id), "The role is changed.")


def enable(visit: PortalRequest) -> Response:
    """Let somebody log in again."""
    return _set_enabled(visit, "The user can log in again.", enabled=True)


def disable(visit: PortalRequest) -> Response:
    """Log somebody out and keep them out."""
    return _set_enabled(visit, "The user is disabled and logged out.", enabled=False)


def _set_enabled(visit: PortalRequest, done: str, *, enabled: bool) -> Response:
    person = _owned(visit)
    try:
        operations.set_enabled(
            visit.environment.context, visit.actor, visit.org_id, person.id, enabled=enabled
        )
    except OAuthError as refusal:
        return again(visit, refusal)
    return redirect(visit, address(person.id), done)


def again(visit: PortalRequest, refusal: OAuthError) -> Response:
    """Show a person with what is wrong, and what was typed."""
    return refused(
        visit,
        "person.html",
        refusal,
        person=_shown(visit, _owned(visit)),
        errors=errors_of(refusal),
        values=visit.typed(),
    )


def _keep(visit: PortalRequest, connection: Connection, person: User, password: Secret) -> None:
    what = {"password": password.value}
    now = visit.environment.now()
    one_time_secret.keep(connection, visit.me.session_id, _about(person.id), what, now)


def _owned(visit: PortalRequest) -> User:
    return operations.find(visit.environment.context, visit.org_id, visit.ids["person_id"])


def _is_there(visit: PortalRequest, person_id: UUID) -> bool:
    try:
        operations.find(visit.environment.context, visit.org_id, person_id)
    except NotFoundError:
        return False
    return True


def _after(visit: PortalRequest) -> After | None:
    text = visit.query.get("after")
    if text is None:
        return None
    try:
        last = operations.find(visit.environment.context, visit.org_id, UUID(text))
    except ValueError:
        raise NotFoundError(text) from None
    return After(last.created_at, last.id)


def _shown(visit: PortalRequest, person: User) -> SimpleNamespace:
    shown = _listed(visit, person)
    shown.is_self = person.id == visit.me.person.id
    shown.is_last_admin = operations.is_last_administrator(visit.environment.context, person)
    return shown


def _listed(visit: PortalRequest, person: User) -> SimpleNamespace:
    return SimpleNamespace(
        id=person.id,
        username=person.username,
        email=person.email,
        pending_email=person.pending_email,
        pending_email_at=person.pending_email_at,
        pending_email_by=person.pending_email_by,
        name=" ".join(part for part in (person.first_name, person.last_name) if part),
        role=person.role,
        created_at=person.created_at,
        last_login_at=person.last_login_at,
        state=_state(visit, person),
    )


def _state(visit: PortalRequest, person: User) -> str:
    if person.disabled_at:
        return "disabled"
    if has_expired_password(person, visit.now):
        return "initial password expired"
    return "active" if person.password_hash else "no portal access"


def address(person_id: UUID) -> str:
    """Return the path of a person's page."""
    return f"{redirects.TEAM}{person_id}/"


def _about(person_id: UUID) -> str:
    return f"the initial password of {person_id}"
