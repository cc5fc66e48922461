"""The settings of an application: one form for each group of fields."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.fields.general import SCOPE
from gatepass.server.domain.applications.fields.model import FieldGroup
from gatepass.server.portal.pages.applications import settings_form
from gatepass.server.portal.pages.applications.scopes import chosen_of
from gatepass.server.portal.pages.applications.sub_pages import change, rerender
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError


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
                request.context,
                request.actor,
                app_id,
                request.org_id,
                seen=settings_form.seen(request),
                **values,
            ),
            group.done,
            group.fields[-1].name,
        )

    return set_fields


def set_scope(request: PortalRequest) -> Response:
    """Change the scope of an application to the chosen scopes."""
    chosen = chosen_of(request.form, request.catalogue.offered)
    return change(
        request,
        lambda app_id: operations.choose_scope(
            request.context,
            request.catalogue,
            request.actor,
            app_id,
            chosen,
            request.org_id,
            seen=settings_form.seen(request),
            has_proof=True,  # the route asks for it
        ),
        SCOPE.done,
        "scope",
    )
