"""The operators: who they are, and their roles in each environment. For owners of production."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.responses import Response

from gatepass.server.admin.console.pages import passwords
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.domain.names import are_same
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.operators import invitations, operations
from gatepass.server.domain.users.operators.model import ROLES, Operator, OperatorRole, Roles
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.environment.environment import NAMES
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.presentation.words import OPERATOR_ROLES
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError

_WORDS = {Mode.LIVE: Message("Production"), Mode.TEST: Message("Sandbox")}
_YOURSELF = Message("Your own account is changed by another owner, or on the server's machine.")
_BY = ("invitation", "password")
_NO_ROLE = Message("Choose at least one role.")
_NOT_ITS_NAME = Message("This is not their username.")


def index(request: ConsoleRequest) -> Response:
    """Show everybody, oldest first."""
    found = operations.list_all(request.context)
    return page(
        request,
        "operators.html",
        operators=[(each, rows(each.roles)) for each in found],
        invited=[(each, rows(roles)) for each, roles in invitations.list_all(request.context)],
        now=request.environment.now(),
    )


def form(request: ConsoleRequest) -> Response:
    """Show the empty form for a new operator."""
    by = _BY[0] if request.context.outbox.sends_mail else _BY[1]
    context = _add_context(request, {})
    return page(request, "operator_add.html", **context, values={"by": by}, errors={})


def add(request: ConsoleRequest) -> Steps[Response]:
    """Invite an operator by mail, or add one whose initial password the next page shows, once."""
    roles = _roles(request)
    hasher = request.environment.hasher
    if request.form.get("by") == _BY[0]:
        return _invite(request, roles)
    try:
        added, password = operations.add(
            request.context,
            request.actor,
            request.operator,
            username=request.form.get("username", ""),
            email=request.form.get("email") or None,
            roles=roles,
            initial=(yield from initial_passwords.new_password(hasher)),
            organization=operations.find_organization(request.context).name,
        )
    except OAuthError as refusal:
        return _not_added(request, roles, refusal, errors_of(refusal))
    name = added.user.username or ""
    return passwords.keep(request, f"operators/{added.user.id}/", name, password.value)


def _invite(request: ConsoleRequest, roles: Roles) -> Response:
    """Invite somebody; a form that is sent twice invites once."""
    invitation_id = request.portal.creation_id()
    if any(each.id == invitation_id for each, _ in invitations.list_all(request.context)):
        return redirect(request, "operators/")
    try:
        if not roles:
            raise InvalidField("role", _NO_ROLE)
        invited = invitations.invite(
            request.context,
            request.actor,
            request.operator,
            email=request.form.get("invite", ""),
            roles=roles,
            organization=operations.find_organization(request.context).name,
            invitation_id=invitation_id,
        )
    except OAuthError as refusal:
        errors = errors_of(refusal)
        errors = {("invite" if name == "email" else name): text for name, text in errors.items()}
        return _not_added(request, roles, refusal, errors)
    done = Message("{email} is invited by mail.", email=invited.email)
    return redirect(request, "operators/", done)


def resend(request: ConsoleRequest) -> Response:
    """Mail an invitation again."""
    return _change_invitation(
        request, invitations.resend, Message("The invitation is sent again, for another 7 days.")
    )


def revoke(request: ConsoleRequest) -> Response:
    """Revoke an invitation."""
    return _change_invitation(
        request, invitations.revoke, Message("The invitation is revoked: its link does not work.")
    )


def _change_invitation(
    request: ConsoleRequest, change: Callable[..., object], done: Message
) -> Response:
    found = invitations.find(request.context, request.id("invitation_id"))
    try:
        change(request.context, request.actor, request.operator, found.email)
    except OAuthError as refusal:
        return redirect(request, "operators/", refusal.message)
    return redirect(request, "operators/", done)


def _not_added(
    request: ConsoleRequest, roles: Roles, refusal: OAuthError, errors: Mapping[str, str]
) -> Response:
    return rejected_form(
        request,
        "operator_add.html",
        refusal,
        **_add_context(request, roles),
        values=request.portal.typed(),
        errors=errors,
    )


def one(request: ConsoleRequest) -> Response:
    """Show an operator."""
    return page(request, "operator.html", **_context(request), values={}, errors={})


def set_roles(request: ConsoleRequest) -> Response:
    """Set somebody's roles in both environments."""
    found = _find(request)
    every = {mode: _roles(request).get(mode, frozenset()) for mode in Mode}
    try:
        operations.set_roles(request.context, request.actor, request.operator, found.user.id, every)
    except OAuthError as refusal:
        return _rerender(request, refusal)
    if found.user.id == request.operator.user.id and not every[Mode.LIVE]:
        return redirect(replace_mode(request), "")
    return redirect(request, _path(found), Message("The roles are changed, from now on."))


def reset(request: ConsoleRequest) -> Steps[Response]:
    """Set a new initial password for somebody else."""
    found, hasher = _find(request), request.environment.hasher
    if found.user.id == request.operator.user.id:  # it would end the session that shows it
        return _rerender(request, OAuthError("invalid_request", _YOURSELF, status=409))
    initial = yield from initial_passwords.new_password(hasher)
    try:
        _, password = operations.reset(
            request.context, request.actor, request.operator, found.user.id, initial=initial
        )
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return passwords.keep(request, _path(found), found.user.username or "", password.value)


def remove(request: ConsoleRequest) -> Response:
    """Delete somebody else, if their username was typed."""
    found = _find(request)
    name = found.user.username or ""
    if found.user.id == request.operator.user.id:
        return _rerender(request, OAuthError("invalid_request", _YOURSELF, status=409))
    if not are_same(request.form.get("confirm", ""), name):
        return _rerender(request, OAuthError("invalid_request", _NOT_ITS_NAME), "confirm")
    try:
        operations.remove(request.context, request.actor, request.operator, found.user.id)
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return redirect(request, "operators/", Message("{name} is deleted.", name=name))


def replace_mode(request: ConsoleRequest) -> ConsoleRequest:
    """Return the request in the sandbox, for an owner who gave up production."""
    return replace(request, mode=Mode.TEST)


def _rerender(request: ConsoleRequest, refusal: OAuthError, field: str = "") -> Response:
    return rejected_form(
        request,
        "operator.html",
        refusal,
        **_context(request),
        values=request.portal.typed(),
        errors=errors_of(refusal, field),
    )


def _find(request: ConsoleRequest) -> Operator:
    user_id = request.id("user_id")
    for each in operations.list_all(request.context):
        if each.user.id == user_id:
            return each
    raise NotFoundError(str(user_id))


def _path(found: Operator) -> str:
    return f"operators/{found.user.id}/"


def _roles(request: ConsoleRequest) -> Roles:
    """Return the roles that a form has ticked; environments without any are left out."""
    ticked: dict[Mode, frozenset[OperatorRole]] = {
        mode: frozenset(each for each in ROLES if f"{NAMES[mode]}_{each}" in request.form)
        for mode in Mode
    }
    return {mode: roles for mode, roles in ticked.items() if roles}


def _context(request: ConsoleRequest) -> Mapping[str, object]:
    found = _find(request)
    return {
        "operator": found,
        "here": request.base + _path(found),
        "environments": boxes(found.roles),
        "is_self": found.user.id == request.operator.user.id,
    }


def _add_context(request: ConsoleRequest, roles: Roles) -> Mapping[str, object]:
    return {"environments": boxes(roles), "sends_mail": request.context.outbox.sends_mail}


def boxes(roles: Roles) -> list[dict[str, object]]:
    """Return the check boxes of each environment."""
    return [
        {
            "name": NAMES[mode],
            "words": _WORDS[mode],
            "roles": [
                {"value": each, "words": OPERATOR_ROLES[each], "is_on": each in roles.get(mode, ())}
                for each in ROLES
            ],
        }
        for mode in Mode
    ]


def rows(roles: Roles) -> list[tuple[Message, list[Message]]]:
    """Return the names of the roles in each environment."""
    return [
        (_WORDS[mode], [OPERATOR_ROLES[each].name for each in ROLES if each in roles[mode]])
        for mode in Mode
        if roles.get(mode)
    ]
