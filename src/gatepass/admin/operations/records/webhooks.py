"""What these operations return.

Written by docs/generate.py from the operations of the server.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gatepass.admin.records import Items, Record
from gatepass.wire.secret import Secret as SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Record):
    """An endpoint of an organization, or of the operator without one. No `events` means all."""

    id: UUID
    org_id: UUID | None
    url: str
    events: tuple[str, ...]
    description: str
    state: str
    disabled_because: str | None
    created_at: datetime
    created_by: str
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedWebhook(Record):
    """An endpoint, and how it does; `failures` are in a row."""

    endpoint: Webhook
    failures: int
    failing_since: datetime | None
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks(Items[ListedWebhook]):
    """Endpoints, the oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStatus(Record):
    """How an endpoint does; `failures` are in a row."""

    state: str
    failures: int
    failing_since: datetime | None
    succeeded_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookWithSecret(Record):
    """An endpoint, and the one sight of its new signing secret."""

    endpoint: Webhook
    secret: SecretText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery(Record):
    """One event that is, was, or could not be sent."""

    id: int
    event: str
    subject: str
    webhook_id: UUID
    state: str
    created_at: datetime
    attempts: int
    status: int | None
    milliseconds: int | None
    tried_at: datetime | None
    next_try_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDeliveries(Items[WebhookDelivery]):
    """Deliveries, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAgain(Record):
    """How many deliveries are sent again."""

    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDelivery(Record):
    """The delivery of a test; what comes of it is in the list of deliveries."""

    delivery: int
