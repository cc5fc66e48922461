"""The settings of an application: each a form of its own on the application's page."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from gatepass.server.domain.applications import fields, operations
from gatepass.server.domain.applications.fields import FieldGroup
from gatepass.server.domain.sessions import step_up
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.portal.pages.applications import again, change
from gatepass.server.portal.pages.scopes import chosen_of, needs_password
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope


def form_page(group: FieldGroup) -> Callable[[PortalRequest], Response]:
    """Return the page function that changes the fields of a group."""

    def set_fields(visit: PortalRequest) -> Response:
        values: dict[str, Any] = {}
        for field in group.fields:
            try:
                values[field.name] = field.parse(visit.form.get(field.name, ""))
            except OAuthError as refusal:
                return again(visit, refusal, field.name)
        return change(
            visit,
            group.fields[-1].name,
            lambda app_id: operations.change(
                visit.environment.context, visit.actor, app_id, visit.org_id, **values
            ),
            group.done,
        )

    return set_fields


def set_scope(visit: PortalRequest) -> Steps[Response]:
    """Set what its next tokens may allow, of the scopes that a partner may choose."""
    chosen = chosen_of(visit.form, visit.environment.catalogue.offered)
    try:
        is_granted = yield from _check_password(visit, chosen)
    except OAuthError as refusal:
        return again(visit, refusal, "scope")
    return change(
        visit,
        "scope",
        lambda app_id: operations.choose_scope(
            visit.environment.context,
            visit.environment.catalogue,
            visit.actor,
            app_id,
            chosen,
            visit.org_id,
            knows_password=is_granted,
        ),
        fields.SCOPE.done,
    )


def _check_password(visit: PortalRequest, chosen: Scope) -> Steps[bool]:
    """Ask for the password where a scope is granted that needs it; return whether that was so."""
    has = operations.find(visit.environment.context, visit.ids["app_id"], visit.org_id).scope
    is_granted = needs_password(visit.environment.catalogue, chosen.without(has))
    if is_granted:
        password = visit.secret("current_password")
        yield from step_up.check_password(
            visit.environment.context,
            visit.environment.hasher,
            visit.me,
            visit.visitor.source,
            password,
        )
    return is_granted
