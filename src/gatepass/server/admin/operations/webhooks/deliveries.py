"""Deliveries of webhooks: listed, sent again, tested."""

from gatepass.server.admin.operations import examples
from gatepass.server.admin.operations.model import EITHER, Call, Operation
from gatepass.server.admin.operations.webhooks.endpoints import find
from gatepass.server.admin.operations.webhooks.model import (
    AREA,
    DeliveriesToSend,
    OneDelivery,
    OneWebhook,
    SentAgain,
    TestDelivery,
    WantedDeliveries,
    WebhookDeliveries,
    WebhookDelivery,
)
from gatepass.server.domain.organizations.webhooks import deliveries
from gatepass.server.storage.errors import NotFoundError

_EXAMPLE = {"endpoint_id": examples.ENDPOINT_ID}
_ANSWER = {
    "id": examples.DELIVERY_ID,
    "event": "secret.expiring",
    "subject": f"application/{examples.CLIENT_ID}",
    "webhook_id": "5b2f0b1e-6c1d-4c0a-9a63-0f6a2d0f7c11",
    "state": "delivered",
    "created_at": "2026-11-29T10:41:07Z",
    "attempts": 1,
    "status": 204,
    "milliseconds": 48,
    "tried_at": "2026-11-29T10:41:08Z",
    "next_try_at": None,
    "error": None,
}


def _list(call: Call, wanted: WantedDeliveries) -> WebhookDeliveries:
    found = find(call, wanted)
    listed = deliveries.listed(call.context, found.id, None, wanted.state, wanted.limit)
    return WebhookDeliveries(items=[WebhookDelivery.of(each) for each in listed])


def _show(call: Call, one: OneDelivery) -> WebhookDelivery:
    found = deliveries.find(call.context, one.delivery_id)
    if found is None or found.endpoint_id != find(call, one).id:
        raise NotFoundError(f"Delivery {one.delivery_id}")
    return WebhookDelivery.of(found)


def _send_again(call: Call, wanted: DeliveriesToSend) -> SentAgain:
    found = find(call, wanted)
    return SentAgain(sent=deliveries.send_again(call.context, call.by, found.id, None, wanted.ids))


def _test(call: Call, one: OneWebhook) -> TestDelivery:
    found = find(call, one)
    return TestDelivery(delivery=deliveries.send_test(call.context, call.by, found.id, None))


LIST = Operation(
    name="webhook.deliveries",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/webhooks/{endpoint_id}/deliveries",
    input=WantedDeliveries,
    output=WebhookDeliveries,
    run=_list,
    summary="List what was sent to an endpoint in the last 30 days, the newest first.",
    example={**_EXAMPLE, "limit": 50},
    answer={"items": [_ANSWER]},
)
SHOW = Operation(
    name="webhook.delivery",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/webhooks/{endpoint_id}/deliveries/{delivery_id}",
    input=OneDelivery,
    output=WebhookDelivery,
    run=_show,
    summary="Return one delivery: when it was tried, and what the receiver answered.",
    example={**_EXAMPLE, "delivery_id": examples.DELIVERY_ID},
    answer=_ANSWER,
)
SEND_AGAIN = Operation(
    name="webhook.send_again",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/webhooks/{endpoint_id}/send-again",
    input=DeliveriesToSend,
    output=SentAgain,
    run=_send_again,
    summary="Send deliveries again, for three days; a receiver knows them by their webhook-id.",
    example={**_EXAMPLE, "ids": [examples.DELIVERY_ID]},
    answer={"sent": 1},
)
TEST = Operation(
    name="webhook.test",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/webhooks/{endpoint_id}/test",
    input=OneWebhook,
    output=TestDelivery,
    run=_test,
    summary="Send an event webhook.test; what comes of it is in the list of deliveries.",
    example=_EXAMPLE,
    answer={"delivery": 42},
)

OPERATIONS = (LIST, SHOW, SEND_AGAIN, TEST)
