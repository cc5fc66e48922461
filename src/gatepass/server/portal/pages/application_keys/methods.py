"""What the page shows that leads an application from secrets to keys."""

from collections.abc import Mapping
from datetime import timedelta

from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.methods import operations
from gatepass.server.domain.applications.keys.methods.model import QUIET
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.usage import store as usage
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message

STEPS = {"register_key": 1, "deploy": 2, "wait": 3, "revoke_secrets": 4, "done": 5}
KINDS = {
    "secret": Message("Client secret"),
    "key": Message("Key"),
    "published_keys": Message("Published keys"),
    "certificate": Message("Certificate"),
}


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return the methods beside each other, the one that was used last first, and the step."""
    found = operations.find(request.context, application)
    hour = request.now - timedelta(hours=1)
    with request.environment.database.read() as connection:
        issued = usage.issued_since(connection, [application.id], hour)[application.id]
    quiet_since = found.quiet_since
    return {
        "methods": found.in_order,
        "kinds": KINDS,
        "step": STEPS[found.step],
        "secrets": found.secrets,
        "last_secret": found.last_secret,
        "last_other": found.last_other,
        "quiet_since": quiet_since,
        "revocable_at": quiet_since + QUIET if quiet_since else None,
        "quiet_days": QUIET.days,
        "issued": issued,
        "is_offered": keys.is_offered(request.context) and request.environment.accepts_assertions(),
        "allows_secret": bool(found.secrets)
        or secrets.allows_first_secret(request.context, application.org_id),
    }
