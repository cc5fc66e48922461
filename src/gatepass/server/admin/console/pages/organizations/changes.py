"""What operators do to an organization: rename, suspend, resume."""

from collections.abc import Callable

from starlette.responses import Response

from gatepass.server.admin.console.pages.organizations.one import rerender
from gatepass.server.admin.console.rendering import redirect
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations import organizations
from gatepass.server.domain.names import are_same
from gatepass.server.domain.organizations import operations as stored
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_NOT_ITS_NAME = Message("This is not the organization's name.")


def rename(request: ConsoleRequest) -> Response:
    """Rename an organization."""
    return change(
        request,
        lambda: request.perform(
            organizations.RENAME, org_id=request.id("org_id"), name=request.form.get("name", "")
        ),
        Message("The organization is renamed."),
        "name",
    )


def suspend(request: ConsoleRequest) -> Response:
    """Suspend an organization, if its name was typed."""
    org_id = request.id("org_id")
    if not are_same(request.form.get("confirm", ""), stored.find(request.context, org_id).name):
        return rerender(request, OAuthError("invalid_request", _NOT_ITS_NAME), "confirm")
    return change(
        request,
        lambda: request.perform(organizations.SUSPEND, org_id=org_id),
        Message("The organization is suspended. Its tokens are revoked."),
    )


def resume(request: ConsoleRequest) -> Response:
    """Resume an organization."""
    return change(
        request,
        lambda: request.perform(organizations.RESUME, org_id=request.id("org_id")),
        Message("The organization is resumed. Tokens issued before stay revoked."),
    )


def change(
    request: ConsoleRequest, how: Callable[[], object], done: Message, field: str = ""
) -> Response:
    """Change an organization and show it; where that is refused, with the error at `field`."""
    try:
        how()
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, f"organizations/{request.id('org_id')}/", done)
