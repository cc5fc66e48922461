"""Records what came of a delivery, and disables an endpoint whose receiver is gone."""

import structlog

from gatepass.server.domain.changes.webhooks.endpoints import store as endpoints
from gatepass.server.domain.changes.webhooks.model import (
    Delivery,
    DisabledBecause,
    Endpoint,
    Result,
)
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.webhooks import operations
from gatepass.server.domain.organizations.webhooks.model import host_of
from gatepass.server.domain.users.notices import webhooks as notices

log = structlog.get_logger("gatepass.server")


def record(context: Context, delivery: Delivery, result: Result) -> bool:
    """Record one try in one transaction; return whether the endpoint is still sent to.

    An endpoint that is disabled by it leaves an audit entry and mail to its owner.
    """
    now = context.now()
    with context.database.write() as connection:
        before = endpoints.find(connection, delivery.endpoint_id)
        settled, because = context.webhooks.settle(connection, delivery, result, now)
        if before and because:
            operations.disable_failed(connection, before, because, now)
            notices.tell_of_disabled(context, connection, before, because, now)
    if before is None or settled is None:
        return False  # it was removed meanwhile
    _log(context, before, settled, result, because)
    return not because and before.disabled_at is None


def _log(
    context: Context,
    target: Endpoint,
    delivery: Delivery,
    result: Result,
    because: DisabledBecause,
) -> None:
    """Log what was delivered, the first failure of several in a row, and what is given up."""
    about = {
        "environment": context.name,
        "endpoint": str(target.id),
        "host": host_of(target.url),
        "status": result.status,
        "error": result.error,
    }
    one = {"id": delivery.id, "type": delivery.event.name, "attempts": delivery.attempts}
    if delivery.delivered_at:
        log.info("webhook.delivered", **one, **about)
    elif delivery.failed_at:
        log.error("webhook.failed", **one, **about)
    elif target.failing_since is None:
        log.warning("webhook.failing", **one, **about)
    if because:
        log.error("webhook.disabled", reason=because, **about)
