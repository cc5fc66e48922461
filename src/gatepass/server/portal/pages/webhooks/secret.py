"""The signing secret of an endpoint: shown once, and rotated."""

from contextlib import suppress
from datetime import timedelta

from starlette.responses import Response

from gatepass.server.domain.organizations.webhooks import operations
from gatepass.server.domain.organizations.webhooks.operations import DoneAlreadyError
from gatepass.server.portal.pages.webhooks import endpoints, words
from gatepass.server.portal.pages.webhooks.keeping import about, keep, secret_page
from gatepass.server.portal.rendering import page, redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_ROTATED = "yes"


def show(request: PortalRequest) -> Response:
    """Show a new secret once to who has made it; afterwards redirect to the endpoint."""
    found = endpoints.find(request)
    if request.method == "HEAD":  # a HEAD request must not use up the secret
        return Response(media_type="text/html")
    kept = request.take_once(about(found.id))
    if kept is None:
        return redirect(
            request,
            endpoints.address(found.id),
            Message("The signing secret was shown already. If you do not have it, rotate it."),
        )
    return page(
        request,
        "webhooks/secret.html",
        endpoint=found,
        secret=kept["secret"],
        rotated=bool(kept["rotated"]),
    )


def rotate(request: PortalRequest) -> Response:
    """Make a new secret, and show it; a form sent twice makes one."""
    found, hours = endpoints.find(request), request.form.get("overlap", "")
    if hours not in words.OVERLAPS:
        refusal = OAuthError(
            "invalid_request", Message("Choose how long the old secret stays valid.")
        )
        return endpoints.rerender(request, refusal)
    with suppress(DoneAlreadyError):
        operations.rotate_secret(
            request.context,
            request.actor,
            found.id,
            request.org_id,
            timedelta(hours=int(hours)),
            version=request.form.get("version", ""),
            also=lambda connection, made: keep(request, connection, made, _ROTATED),
        )
    return redirect(request, secret_page(found.id))
