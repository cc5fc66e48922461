"""The signing secret of an endpoint: a page shows a new one once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page, redirect
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.webhooks import endpoints
from gatepass.server.domain.changes.webhooks.model import Endpoint
from gatepass.server.domain.organizations.webhooks import operations
from gatepass.translation.message import Message

_ROTATED = "yes"
_SHOWN_ALREADY = Message("The signing secret was shown already. If you do not have it, rotate it.")


def keep(request: ConsoleRequest, made: Mapping[str, Any], *, rotated: bool) -> Response:
    """Keep a new secret, and redirect to the page that shows it once.

    It is kept in the operator's session, which is in production's database.
    """
    path = path_of(UUID(made["endpoint"]["id"]))
    if made["secret"]:
        kept = {"secret": made["secret"], "rotated": _ROTATED if rotated else ""}
        with request.portal.context.database.write() as connection:
            request.portal.keep_once(connection, request.base + path, kept)
    return redirect(request, f"{path}secret/")


def show(request: ConsoleRequest) -> Response:
    """Show a new secret once; afterwards redirect to the endpoint."""
    found = find(request)
    path = path_of(found.id)
    if request.portal.method == "HEAD":  # a HEAD request must not use up the secret
        return Response(media_type="text/html")
    kept = request.portal.take_once(request.base + path)
    if kept is None:
        return redirect(request, path, _SHOWN_ALREADY)
    return page(
        request,
        "webhooks/secret.html",
        endpoint=found,
        secret=kept["secret"],
        rotated=bool(kept["rotated"]),
        here=request.base + path,
    )


def find(request: ConsoleRequest) -> Endpoint:
    """Return the endpoint of the path; raise NotFoundError for none that operators see."""
    endpoint_id = request.id("endpoint_id")
    request.perform(endpoints.SHOW, endpoint_id=endpoint_id)
    return operations.find(request.context, endpoint_id, None)


def path_of(endpoint_id: UUID) -> str:
    """Return the path of an endpoint's page, below that of the environment."""
    return f"webhooks/{endpoint_id}/"
