"""The settings of an application: one form for each group of fields."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from gatepass.server.domain.applications import fields, operations
from gatepass.server.domain.applications.fields import FieldGroup
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.portal.pages.applications import change, rerender
from gatepass.server.portal.pages.scopes import chosen_of, needs_password
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope


def form_page(group: FieldGroup) -> Callable[[PortalRequest], Response]:
    """Return the page function that changes the fields of a group."""

    def set_fields(request: PortalRequest) -> Response:
        values: dict[str, Any] = {}
        for field in group.fields:
            try:
                values[field.name] = field.parse(request.form.get(field.name, ""))
            except OAuthError as refusal:
                return rerender(request, refusal, field.name)
        return change(
            request,
            lambda app_id: operations.change(
                request.context, request.actor, app_id, request.org_id, **values
            ),
            group.done,
            group.fields[-1].name,
        )

    return set_fields


def set_scope(request: PortalRequest) -> Steps[Response]:
    """Change the scope of an application to the chosen scopes."""
    chosen = chosen_of(request.form, request.catalogue.offered)
    try:
        is_granted = yield from _check_password(request, chosen)
    except OAuthError as refusal:
        return rerender(request, refusal, "scope")
    return change(
        request,
        lambda app_id: operations.choose_scope(
            request.context,
            request.catalogue,
            request.actor,
            app_id,
            chosen,
            request.org_id,
            knows_password=is_granted,
        ),
        fields.SCOPE.done,
        "scope",
    )


def _check_password(request: PortalRequest, chosen: Scope) -> Steps[bool]:
    """Check the password if a new scope requires it; return whether it was required."""
    has = operations.find(request.context, request.ids["app_id"], request.org_id).scope
    is_granted = needs_password(request.catalogue, chosen.without(has))
    if is_granted:
        yield from request.check_password()
    return is_granted
