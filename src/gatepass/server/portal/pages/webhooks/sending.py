"""Tests of an endpoint, and deliveries that are sent again."""

from starlette.responses import Response

from gatepass.server.domain.organizations.webhooks import deliveries
from gatepass.server.portal.pages.webhooks import endpoints
from gatepass.server.portal.pages.webhooks.shown import delivery_id
from gatepass.server.portal.rendering import redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_FAILED = "failed"


def test(request: PortalRequest) -> Response:
    """Send an event of a test, which the list of deliveries then has."""
    found = endpoints.find(request)
    try:
        deliveries.send_test(request.context, request.actor, found.id, request.org_id)
    except OAuthError as refusal:
        return endpoints.rerender(request, refusal)
    done = Message("A test is on its way. Reload the page in a few seconds to see the result.")
    return _deliveries_of(request, done)


def send_again(request: PortalRequest) -> Response:
    """Send one delivery again, or all that failed."""
    found = endpoints.find(request)
    wanted = request.form.get("delivery", "")
    ids = None if wanted == _FAILED else [delivery_id(wanted)]
    try:
        number = deliveries.send_again(
            request.context, request.actor, found.id, request.org_id, ids
        )
    except OAuthError as refusal:
        return endpoints.rerender(request, refusal)
    done = Message.plural(
        "{count} delivery is sent again.", "{count} deliveries are sent again.", number
    )
    return _deliveries_of(request, done)


def _deliveries_of(request: PortalRequest, done: Message) -> Response:
    path = endpoints.address(request.ids["endpoint_id"])
    return redirect(request, f"{path}#deliveries", done)
