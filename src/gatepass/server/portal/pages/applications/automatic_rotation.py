"""Automatic rotation of one application: turned on and off, and a rotation that is undone."""

from starlette.responses import Response

from gatepass.server.domain.applications.secrets.automatic_rotation import operations
from gatepass.server.portal.forms import automatic_rotation as form
from gatepass.server.portal.pages.applications.sub_pages import change
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message


def configure(request: PortalRequest) -> Response:
    """Turn automatic rotation on or off, and set how often and with which overlap."""
    is_on = request.form.get(form.STATE) == form.ON
    return change(
        request,
        lambda app_id: operations.configure(
            request.context, request.actor, app_id, request.org_id, form.parse(request.form)
        ),
        Message("Automatic rotation is on.") if is_on else Message("Automatic rotation is off."),
        form.STATE,
    )


def undo(request: PortalRequest) -> Response:
    """Undo the last rotation, while the old secret is live."""
    return change(
        request,
        lambda app_id: operations.undo(request.context, request.actor, app_id, request.org_id),
        Message(
            "The rotation is undone: the old secret works as before, the new one is revoked. "
            "Automatic rotation is off."
        ),
    )
