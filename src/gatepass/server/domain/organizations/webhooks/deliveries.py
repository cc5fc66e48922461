"""What is done with what an endpoint was sent: tests, sending again, listing."""

from collections.abc import Sequence
from uuid import UUID

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.changes.webhooks import store
from gatepass.server.domain.changes.webhooks.endpoints import store as endpoints
from gatepass.server.domain.changes.webhooks.events import TEST
from gatepass.server.domain.changes.webhooks.model import TRIED_FOR, Delivery, Endpoint, State
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.webhooks.transaction_steps import (
    changing,
    check_available,
    owned,
    record,
)
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

MOST_LISTED = 200


def send_test(context: Context, by: Actor, endpoint_id: UUID, org_id: UUID | None) -> int:
    """Write the event of a test for an endpoint; return the id of its delivery.

    Raises OAuthError where the endpoint is disabled.
    """
    with changing(context, endpoint_id, org_id) as (connection, found, now):
        _check_enabled(found)
        endpoints.change(connection, found.id, rests_until=None)
        delivery = context.webhooks.emit_to(
            connection, found, TEST, now, description=found.description
        )
        record(connection, by, now, found, "webhook.tested", delivery=str(delivery))
    return delivery


def send_again(
    context: Context,
    by: Actor,
    endpoint_id: UUID,
    org_id: UUID | None,
    ids: Sequence[int] | None = None,
) -> int:
    """Send deliveries now and for three days, all that failed without `ids`; return how many.

    Raises NotFoundError, and sends none, where one of `ids` is not of the endpoint; OAuthError
    where the endpoint is disabled.
    """
    with changing(context, endpoint_id, org_id) as (connection, found, now):
        _check_enabled(found)
        if ids is None:
            wanted = store.failed(connection, found.id)
        else:
            wanted = sorted(set(ids))
            known = store.find_deliveries(connection, wanted)
            of_it = {each.id for each in known if each.endpoint_id == found.id}
            if missing := [each for each in wanted if each not in of_it]:
                raise NotFoundError(f"Delivery {missing[0]}")
        store.send_again(connection, wanted, now, now + TRIED_FOR)
        endpoints.change(connection, found.id, rests_until=None)
        if wanted:
            number = str(len(wanted))
            record(connection, by, now, found, "webhook.sent_again", deliveries=number)
    return len(wanted)


def listed(
    context: Context,
    endpoint_id: UUID,
    org_id: UUID | None,
    state: State | None = None,
    limit: int = MOST_LISTED,
    before: int | None = None,
) -> list[Delivery]:
    """Return the newest deliveries of an endpoint, of the last 30 days, older than `before`."""
    with context.database.read() as connection:
        check_available(context, connection)
        found = owned(connection, endpoint_id, org_id)
        return store.newest(connection, found.id, state, limit, before)


def find(context: Context, delivery_id: int) -> Delivery | None:
    """Return a delivery."""
    with context.database.read() as connection:
        return next(iter(store.find_deliveries(connection, [delivery_id])), None)


def _check_enabled(found: Endpoint) -> None:
    if found.disabled_at:
        raise OAuthError(
            "invalid_request", Message("The endpoint is disabled. Enable it first."), status=409
        )
