"""A new signing secret, between what makes it and the page that shows it once."""

from uuid import UUID

from gatepass.server.domain.organizations.webhooks.operations import Added
from gatepass.server.portal import redirects
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection


def keep(request: PortalRequest, connection: Connection, made: Added, rotated: str) -> None:
    """Keep a new secret for the page that shows it, in the transaction that makes it.

    `rotated` is empty for a new endpoint.
    """
    what = {"secret": made.secret.value, "rotated": rotated}
    request.keep_once(connection, about(made.endpoint.id), what)


def about(endpoint_id: UUID) -> str:
    """Return the name under which an endpoint's secret is kept."""
    return f"the webhook secret of {endpoint_id}"


def secret_page(endpoint_id: UUID) -> str:
    """Return the path of the page that shows it."""
    return f"{redirects.WEBHOOKS}{endpoint_id}/secret/"
