"""Endpoints of webhooks: listed, added, changed, their secrets rotated."""

from datetime import timedelta

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.model import (
    EITHER,
    SECURITY,
    Call,
    Effect,
    Nothing,
    Operation,
)
from gatepass.server.admin.operations.webhooks.model import (
    AREA,
    ListedWebhook,
    NewWebhook,
    NewWebhookSecret,
    OneWebhook,
    WantedWebhooks,
    Webhook,
    WebhookChange,
    Webhooks,
    WebhookStatus,
    WebhookWithSecret,
)
from gatepass.server.domain.changes.webhooks.model import Endpoint
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_EXAMPLE = {"endpoint_id": examples.ENDPOINT_ID}
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - an example


def find(call: Call, one: OneWebhook) -> Endpoint:
    """Return an endpoint; raise NotFoundError for none, and for one of the operator's portal."""
    found = operations.find(call.context, one.endpoint_id, None)
    is_own = found.org_id is not None and found.org_id == partners.operating(call)
    if is_own and not call.on_machine:
        raise NotFoundError(str(one.endpoint_id))
    return found


def _list(call: Call, wanted: WantedWebhooks) -> Webhooks:
    if not operations.is_available(call.context):
        return Webhooks(items=[])
    if wanted.org_id:
        partners.owner(call, wanted.org_id)
        found = operations.of_owner(call.context, wanted.org_id)
    else:
        own = None if call.on_machine else partners.operating(call)
        every = operations.every(call.context)
        found = [each for each in every if own is None or each.org_id != own]
    return Webhooks(items=[_listed(each) for each in found])


def _listed(found: Endpoint) -> ListedWebhook:
    return ListedWebhook(
        endpoint=Webhook.of(found),
        failures=found.failures,
        failing_since=found.failing_since,
        succeeded_at=found.succeeded_at,
    )


def _show(call: Call, one: OneWebhook) -> Webhook:
    return Webhook.of(find(call, one))


def _status(call: Call, one: OneWebhook) -> WebhookStatus:
    return WebhookStatus.of(find(call, one))


def _add(call: Call, new: NewWebhook) -> WebhookWithSecret:
    if new.org_id:
        partners.owner(call, new.org_id)
    added = operations.add(call.context, call.by, new.org_id, new.url, new.events, new.description)
    return WebhookWithSecret(endpoint=Webhook.of(added.endpoint), secret=added.secret.value)


def _change(call: Call, new: WebhookChange) -> Webhook:
    find(call, new)
    if new.url is None and new.events is None and new.description is None:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    return Webhook.of(
        operations.change(
            call.context,
            call.by,
            new.endpoint_id,
            None,
            url=new.url,
            events=new.events,
            description=new.description,
        )
    )


def _rotate(call: Call, new: NewWebhookSecret) -> WebhookWithSecret:
    find(call, new)
    overlap = timedelta(hours=new.overlap_hours)
    secret = operations.rotate_secret(call.context, call.by, new.endpoint_id, None, overlap)
    return WebhookWithSecret(endpoint=_show(call, new), secret=secret.value)


def _disable(call: Call, one: OneWebhook) -> Webhook:
    return _set_enabled(call, one, enabled=False)


def _enable(call: Call, one: OneWebhook) -> Webhook:
    return _set_enabled(call, one, enabled=True)


def _set_enabled(call: Call, one: OneWebhook, *, enabled: bool) -> Webhook:
    find(call, one)
    operations.set_enabled(call.context, call.by, one.endpoint_id, None, enabled=enabled)
    return _show(call, one)


def _remove(call: Call, one: OneWebhook) -> Nothing:
    find(call, one)
    operations.remove(call.context, call.by, one.endpoint_id, None)
    return Nothing()


def _stops(call: Call, one: OneWebhook) -> Effect:
    """Return what stops when an endpoint is disabled."""
    waiting = _waiting(call, one)
    sentences = (
        Message.plural(
            "{count} delivery waits: it is sent if you enable the endpoint within three days.",
            "{count} deliveries wait: they are sent if you enable the endpoint within three days.",
            waiting,
        ),
        Message("Events that happen meanwhile are not sent later."),
    )
    return Effect(True, sentences, {"waiting_deliveries": waiting})


def _ends(call: Call, one: OneWebhook) -> Effect:
    """Return what is lost with an endpoint."""
    waiting = _waiting(call, one)
    sentence = Message.plural(
        "{count} delivery that waits is never sent.",
        "{count} deliveries that wait are never sent.",
        waiting,
    )
    return Effect(False, (sentence,), {"waiting_deliveries": waiting})


def _waiting(call: Call, one: OneWebhook) -> int:
    return len(deliveries.listed(call.context, find(call, one).id, None, "waiting"))


LIST = Operation(
    name="webhook.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/webhooks",
    input=WantedWebhooks,
    output=Webhooks,
    run=_list,
    summary="List the endpoints of operator and organizations, and how they do.",
    example={"org_id": examples.ORGANIZATION_ID},
    answer={
        "items": [
            {
                "endpoint": examples.ENDPOINT,
                "failures": 0,
                "failing_since": None,
                "succeeded_at": "2026-11-29T10:41:08Z",
            }
        ]
    },
)
SHOW = Operation(
    name="webhook.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/webhooks/{endpoint_id}",
    input=OneWebhook,
    output=Webhook,
    run=_show,
    summary="Return one endpoint; never its secret.",
    example=_EXAMPLE,
    answer=examples.ENDPOINT,
)
STATUS = Operation(
    name="webhook.status",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/webhooks/{endpoint_id}/status",
    input=OneWebhook,
    output=WebhookStatus,
    run=_status,
    summary="Return how an endpoint does: whether it fails, since when, and its last success.",
    example=_EXAMPLE,
    answer={
        "state": "failing",
        "failures": 3,
        "failing_since": "2026-11-29T10:41:08Z",
        "succeeded_at": "2026-11-28T23:10:05Z",
        "disabled_at": None,
    },
)
ADD = Operation(
    name="webhook.add",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/webhooks",
    input=NewWebhook,
    output=WebhookWithSecret,
    run=_add,
    summary="Add an endpoint; the answer has its signing secret, once.",
    description="The operator's gets the events of all organizations, an organization's its own.",
    status=201,
    example={"url": "https://hooks.example.com/gatepass", "events": ["secret.expiring"]},
    answer={
        "endpoint": {
            **examples.ENDPOINT,
            "org_id": None,
            "url": "https://hooks.example.com/gatepass",
            "events": ["secret.expiring"],
        },
        "secret": _SECRET,
    },
)
CHANGE = Operation(
    name="webhook.change",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/webhooks/{endpoint_id}",
    input=WebhookChange,
    output=Webhook,
    run=_change,
    summary="Change an endpoint; what waits is sent to the new address.",
    reads=SHOW,
    example={**_EXAMPLE, "events": ["secret.leaked"]},
    answer={**examples.ENDPOINT, "events": ["secret.leaked"]},
)
ROTATE = Operation(
    name="webhook.rotate_secret",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/webhooks/{endpoint_id}/rotate-secret",
    input=NewWebhookSecret,
    output=WebhookWithSecret,
    run=_rotate,
    summary="Make a new signing secret, in the answer once; the old one signs along meanwhile.",
    reads=SHOW,
    example={**_EXAMPLE, "overlap_hours": 24},
    answer={"endpoint": examples.ENDPOINT, "secret": _SECRET},
)
DISABLE = Operation(
    name="webhook.disable",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/webhooks/{endpoint_id}/disable",
    input=OneWebhook,
    output=Webhook,
    run=_disable,
    summary="Send nothing more to an endpoint; what happens meanwhile is not sent later.",
    effect=_stops,
    reads=SHOW,
    example=_EXAMPLE,
    answer={**examples.ENDPOINT, "state": "disabled", "disabled_because": "by hand"},
)
ENABLE = Operation(
    name="webhook.enable",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/webhooks/{endpoint_id}/enable",
    input=OneWebhook,
    output=Webhook,
    run=_enable,
    summary="Send events to an endpoint again.",
    reads=SHOW,
    example=_EXAMPLE,
    answer=examples.ENDPOINT,
)
REMOVE = Operation(
    name="webhook.remove",
    area=AREA,
    roles=SECURITY,
    method="DELETE",
    path="/webhooks/{endpoint_id}",
    input=OneWebhook,
    output=Nothing,
    run=_remove,
    summary="Remove an endpoint with its deliveries; what waits is not sent.",
    effect=_ends,
    reads=SHOW,
    example=_EXAMPLE,
)

OPERATIONS = (LIST, SHOW, STATUS, ADD, CHANGE, ROTATE, DISABLE, ENABLE, REMOVE)
