"""One person of an organization: what operators do for somebody who cannot log in."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console.pages import passwords
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.people import access
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.model import User
from gatepass.server.portal.forms.errors import errors_of
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def show(request: ConsoleRequest) -> Response:
    """Show somebody."""
    return page(request, "person.html", **_context(request), errors={})


def reset_password(request: ConsoleRequest) -> Response:
    """Set an initial password, which the next page shows once."""
    person = _find(request)
    try:
        made = request.perform(access.RESET_PASSWORD, user_id=person.id).result
    except OAuthError as refusal:
        return _rerender(request, refusal)
    name = person.username or ""
    return passwords.keep(request, _path(request), name, made["initial_password"])


def reset_factors(request: ConsoleRequest) -> Response:
    """Remove the second factors of somebody who lost them."""
    done = Message("Their second factors are removed, and their sessions have ended.")
    return _change(request, access.RESET_FACTORS, done)


def disable(request: ConsoleRequest) -> Response:
    """Disable somebody, and end their sessions."""
    return _change(request, access.DISABLE, Message("The user is disabled and logged out."))


def enable(request: ConsoleRequest) -> Response:
    """Enable somebody again."""
    return _change(request, access.ENABLE, Message("The user can log in again."))


def _change(request: ConsoleRequest, operation: Operation[Any, Any], done: Message) -> Response:
    person = _find(request)
    try:
        request.perform(operation, user_id=person.id)
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return redirect(request, _path(request), done)


def _rerender(request: ConsoleRequest, refusal: OAuthError) -> Response:
    context = {**_context(request), "errors": errors_of(refusal)}
    return rejected_form(request, "person.html", refusal, **context)


def _find(request: ConsoleRequest) -> User:
    org_id: UUID = organizations.find(request.context, request.id("org_id")).id
    return users.find(request.context, org_id, request.id("user_id"))


def _path(request: ConsoleRequest) -> str:
    return f"organizations/{request.id('org_id')}/people/{request.id('user_id')}/"


def _context(request: ConsoleRequest) -> Mapping[str, object]:
    person = _find(request)
    effects = {
        "password": _effect(request, access.RESET_PASSWORD, person),
        "factors": _effect(request, access.RESET_FACTORS, person),
        "disable": _effect(request, access.DISABLE, person),
    }
    return {
        "organization": organizations.find(request.context, person.org_id),
        "person": person,
        "state": "disabled" if person.disabled_at else "active",
        "factors": factors.of_user(request.context, person),
        "effects": effects,
        "here": request.base + _path(request),
    }


def _effect(
    request: ConsoleRequest, operation: Operation[Any, Any], person: User
) -> Sequence[Message]:
    """Return what an operation stops; nothing where it is not for them, or not for the role."""
    found = request.preview(operation, user_id=person.id) if person.has_portal_access else None
    return found.sentences if found else ()
