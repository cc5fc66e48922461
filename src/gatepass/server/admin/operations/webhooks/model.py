"""What operations on webhooks take and return."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations.model import (
    LARGEST_PAGE,
    Arguments,
    Line,
    Result,
    SecretText,
)
from gatepass.server.domain.changes.webhooks.model import Delivery as StoredDelivery
from gatepass.server.domain.changes.webhooks.model import Endpoint as Stored
from gatepass.server.domain.changes.webhooks.model import State

AREA = "webhooks"
LONGEST_OVERLAP = 720  # hours
Events = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(max_length=100, description="those that it gets; empty: all, later ones too"),
]


class Webhook(Result):
    """An endpoint of an organization, or of the operator without one. No `events` means all."""

    id: UUID
    org_id: UUID | None
    url: str
    events: list[str]
    description: str
    state: Literal["enabled", "disabled"]
    disabled_because: str | None
    created_at: AwareDatetime
    created_by: str
    old_secret_until: AwareDatetime | None

    @classmethod
    def of(cls, found: Stored) -> "Webhook":
        """Return the endpoint as operators see it."""
        return cls(
            id=found.id,
            org_id=found.org_id,
            url=found.url,
            events=list(found.events),
            description=found.description,
            state="disabled" if found.disabled_at else "enabled",
            disabled_because=found.disabled_because or None,
            created_at=found.created_at,
            created_by=found.created_by,
            old_secret_until=found.previous_until,
        )


class ListedWebhook(Result):
    """An endpoint, and how it does; `failures` are in a row."""

    endpoint: Webhook
    failures: int
    failing_since: AwareDatetime | None
    succeeded_at: AwareDatetime | None


class WebhookStatus(Result):
    """How an endpoint does; `failures` are in a row."""

    state: Literal["enabled", "failing", "disabled"]
    failures: int
    failing_since: AwareDatetime | None
    succeeded_at: AwareDatetime | None
    disabled_at: AwareDatetime | None

    @classmethod
    def of(cls, found: Stored) -> "WebhookStatus":
        """Return how an endpoint does."""
        return cls.model_validate(found)


class Webhooks(Result):
    """Endpoints, the oldest first."""

    items: list[ListedWebhook]


class WantedWebhooks(Arguments):
    """Whose endpoints are wanted."""

    org_id: Annotated[UUID | None, Field(description="only those of this organization")] = None


class OneWebhook(Arguments):
    """One endpoint."""

    endpoint_id: UUID


class NewWebhook(Arguments):
    """A new endpoint, of the operator for all organizations without an `org_id`."""

    url: Line
    org_id: UUID | None = None
    events: Events = Field(default_factory=list)
    description: Line = ""


class WebhookChange(OneWebhook):
    """What changes; what is not given stays as it is."""

    url: Line | None = None
    events: Events | None = None
    description: Line | None = None


class NewWebhookSecret(OneWebhook):
    """How long the old secret signs along."""

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP)] = 24


class WebhookWithSecret(Result):
    """An endpoint, and the one sight of its new signing secret."""

    endpoint: Webhook
    secret: SecretText = None


class WantedDeliveries(OneWebhook):
    """Which deliveries of the last 30 days are wanted."""

    state: Annotated[State | None, Field(description="only those in this state")] = None
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50


class WebhookDelivery(Result):
    """One event that is, was, or could not be sent."""

    id: int
    event: str
    subject: str
    webhook_id: UUID
    state: State
    created_at: AwareDatetime
    attempts: int
    status: int | None
    milliseconds: int | None
    tried_at: AwareDatetime | None
    next_try_at: AwareDatetime | None
    error: str | None

    @classmethod
    def of(cls, found: StoredDelivery) -> "WebhookDelivery":
        """Return the delivery as operators see it."""
        return cls(
            id=found.id,
            event=found.event.name,
            subject=found.event.subject,
            webhook_id=found.event.id,
            state=found.state,
            created_at=found.event.at,
            attempts=found.attempts,
            status=found.status,
            milliseconds=found.milliseconds,
            tried_at=found.tried_at,
            next_try_at=found.due_at,
            error=found.error or None,
        )


class WebhookDeliveries(Result):
    """Deliveries, the newest first."""

    items: list[WebhookDelivery]


class OneDelivery(OneWebhook):
    """One delivery of an endpoint."""

    delivery_id: Annotated[int, Field(ge=1)]


class DeliveriesToSend(OneWebhook):
    """Which deliveries to send again: these, or with null all that failed."""

    ids: Annotated[list[int] | None, Field(min_length=1, max_length=100)] = None


class SentAgain(Result):
    """How many deliveries are sent again."""

    sent: int


class TestDelivery(Result):
    """The delivery of a test; what comes of it is in the list of deliveries."""

    delivery: int
