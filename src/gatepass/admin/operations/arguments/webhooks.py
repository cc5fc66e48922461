"""What the methods of these operations take.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import Sequence
from typing import Literal, Required, TypedDict
from uuid import UUID

from gatepass.admin.arguments import ConditionalChange, ConditionalCreation, Creation


class WebhookList(TypedDict, total=False):
    """The arguments of `webhook.list`."""

    org_id: UUID | str | None


class WebhookShow(TypedDict, total=False):
    """The arguments of `webhook.show`."""

    endpoint_id: Required[UUID | str]


class WebhookStatus(TypedDict, total=False):
    """The arguments of `webhook.status`."""

    endpoint_id: Required[UUID | str]


class WebhookAdd(Creation, total=False):
    """The arguments of `webhook.add`."""

    url: Required[str]
    org_id: UUID | str | None
    events: Sequence[str]
    description: str


class WebhookChange(ConditionalChange, total=False):
    """The arguments of `webhook.change`."""

    endpoint_id: Required[UUID | str]
    url: str | None
    events: Sequence[str] | None
    description: str | None


class WebhookRotateSecret(ConditionalCreation, total=False):
    """The arguments of `webhook.rotate_secret`."""

    endpoint_id: Required[UUID | str]
    overlap_hours: int


class WebhookDisable(ConditionalCreation, total=False):
    """The arguments of `webhook.disable`."""

    endpoint_id: Required[UUID | str]


class WebhookEnable(ConditionalCreation, total=False):
    """The arguments of `webhook.enable`."""

    endpoint_id: Required[UUID | str]


class WebhookRemove(ConditionalChange, total=False):
    """The arguments of `webhook.remove`."""

    endpoint_id: Required[UUID | str]


class WebhookDeliveries(TypedDict, total=False):
    """The arguments of `webhook.deliveries`."""

    endpoint_id: Required[UUID | str]
    state: Literal["waiting", "delivered", "failed"] | None
    limit: int


class WebhookDelivery(TypedDict, total=False):
    """The arguments of `webhook.delivery`."""

    endpoint_id: Required[UUID | str]
    delivery_id: Required[int]


class WebhookSendAgain(Creation, total=False):
    """The arguments of `webhook.send_again`."""

    endpoint_id: Required[UUID | str]
    ids: Sequence[int] | None


class WebhookTest(Creation, total=False):
    """The arguments of `webhook.test`."""

    endpoint_id: Required[UUID | str]
