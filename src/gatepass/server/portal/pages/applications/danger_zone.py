"""Changes of an application that take effect at once: its tokens, its state, its end."""

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.names import are_same
from gatepass.server.portal import redirects
from gatepass.server.portal.pages.applications.sub_pages import change, find_application, rerender
from gatepass.server.portal.rendering import redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def revoke_tokens(request: PortalRequest) -> Response:
    """Revoke all tokens of an application."""
    return change(
        request,
        lambda app_id: operations.revoke_tokens(
            request.context, request.actor, app_id, request.org_id
        ),
        Message("All tokens issued until now are revoked."),
    )


def enable(request: PortalRequest) -> Response:
    """Enable an application."""
    return _set_enabled(
        request,
        Message("The application is enabled. Tokens issued before stay revoked."),
        enabled=True,
    )


def disable(request: PortalRequest) -> Response:
    """Disable an application."""
    return _set_enabled(
        request, Message("The application is disabled. Its tokens are revoked."), enabled=False
    )


def delete(request: PortalRequest) -> Response:
    """Delete an application, if its name was typed."""
    application = find_application(request)
    if not are_same(request.form.get("confirm", ""), application.name):
        refusal = OAuthError("invalid_request", Message("This is not the application's name."))
        return rerender(request, refusal, "confirm")
    operations.delete(request.context, request.actor, application.id, request.org_id)
    return redirect(
        request, redirects.APPLICATIONS, Message("{name} is deleted.", name=application.name)
    )


def _set_enabled(request: PortalRequest, done: str, *, enabled: bool) -> Response:
    return change(
        request,
        lambda app_id: operations.set_enabled(
            request.context, request.actor, app_id, enabled=enabled, org_id=request.org_id
        ),
        done,
    )
