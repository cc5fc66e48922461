"""What an endpoint, an event and a delivery are, how one is signed, and when it is tried again."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal, NamedTuple
from uuid import UUID

from gatepass.server.domain.changes.webhooks.events import PREFIX, Value
from gatepass.wire.networks import Network
from gatepass.wire.secret import Secret

State = Literal["waiting", "delivered", "failed"]
DisabledBecause = Literal["", "person", "gone", "failing"]

MOST_ENDPOINTS = 10
"""Endpoints that the operator has at most, and each organization."""
OVERLAP = timedelta(hours=24)
"""For which the old secret signs along after a rotation."""
LONGEST_OVERLAP = timedelta(days=30)
KEPT = timedelta(days=30)
"""How long deliveries are listed."""
TRIED_FOR = timedelta(days=3)
"""After which a delivery is given up, and an endpoint without any success is disabled."""
LEASE = timedelta(minutes=4)
"""For which an endpoint's deliveries are one process's to send; then another one may."""
AT_ONCE = 8
"""Deliveries that are sent to an endpoint within one lease, one after the other."""
MOST_AT_ONCE = 16
"""Endpoints that one process sends to at the same time."""
MOST_OF_OWNER = 4
"""Endpoints of one organization among these."""

LONGEST_ERROR = 200  # characters

_SECRET_PREFIX = "whsec_"  # noqa: S105 - of Standard Webhooks
_PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between the tries of one delivery, as Standard Webhooks recommends."""
_FIRST_REST = timedelta(seconds=5)
_LONGEST_REST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are sent: of an organization, or of the operator without `org_id`.

    No `events` means all. `previous` signs along until `previous_until`.
    """

    id: UUID
    org_id: UUID | None
    url: str
    events: tuple[str, ...]
    description: str
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None
    disabled_because: DisabledBecause = ""
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    succeeded_at: datetime | None = None
    previous_until: datetime | None = None
    secret: bytes = field(default=b"", repr=False)  # encrypted
    previous: bytes | None = field(default=None, repr=False)  # encrypted

    @property
    def state(self) -> str:
        """Return whether it is enabled, disabled, or fails at the moment."""
        if self.disabled_at:
            return "disabled"
        return "failing" if self.failing_since else "enabled"

    @property
    def secret_version(self) -> str:
        """Return what is another text once the secret is another, and says nothing about it."""
        return sha256(self.secret).hexdigest()[:16]

    def wants(self, event: str) -> bool:
        """Return whether events of this kind are sent to it."""
        return not self.events or event in self.events


class AllowedNetworks(NamedTuple):
    """Where endpoints may be beside public addresses: those of the operator, and of others.

    Whoever administers an organization chooses where its endpoints are.
    """

    of_operator: tuple[Network, ...] = ()
    of_organizations: tuple[Network, ...] = ()

    def of(self, org_id: UUID | None) -> tuple[Network, ...]:
        """Return those for an organization's endpoints, or for the operator's without one."""
        return self.of_operator if org_id is None else self.of_organizations


ONLY_PUBLIC = AllowedNetworks()


class Event(NamedTuple):
    """What has happened; it has the same id at every endpoint."""

    id: UUID
    at: datetime
    name: str
    org_id: UUID | None
    client_id: str
    subject: str
    data: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint; `sequence` counts what is sent to it about one application."""

    id: int
    endpoint_id: UUID
    event: Event
    sequence: int
    give_up_at: datetime
    attempts: int
    due_at: datetime | None
    tried_at: datetime | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    status: int | None = None
    milliseconds: int | None = None
    error: str = ""

    @property
    def state(self) -> State:
        """Return whether it was delivered, has failed, or waits."""
        if self.delivered_at:
            return "delivered"
        return "failed" if self.failed_at else "waiting"


class Result(NamedTuple):
    """What came of one try: a status code, or an error without one; and how long it took."""

    status: int | None
    error: str
    milliseconds: int

    @property
    def is_success(self) -> bool:
        """Return whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver wants nothing any more (410)."""
        return self.status == 410


def next_try(attempts: int, now: datetime, jitter: float) -> datetime:
    """Return when a delivery is tried again that was tried `attempts` times.

    `jitter` (0 to 1) spreads what failed together over a tenth of the pause.
    """
    pause: timedelta = _PAUSES[min(attempts, len(_PAUSES)) - 1]
    return now + pause * (1 + 0.1 * jitter)


def rest_until(failures: int, now: datetime) -> datetime:
    """Return until when nothing is sent to an endpoint that has failed so often in a row."""
    rest: timedelta = _FIRST_REST * 2 ** min(failures - 1, 10)
    return now + min(rest, _LONGEST_REST)


def secret_text(key: bytes) -> Secret:
    """Return a signing secret as receivers are given it."""
    return Secret(_SECRET_PREFIX + b64encode(key).decode())


def signature(key: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature of Standard Webhooks: `v1,` and the base64 of an HMAC-SHA256."""
    signed = b"%s.%d.%s" % (event_id.encode(), timestamp, body)
    return "v1," + b64encode(hmac.digest(key, signed, sha256)).decode()


def body_of(delivery: Delivery, source: str) -> bytes:
    """Return the CloudEvent 1.0 that is sent, the same bytes at every try."""
    event = delivery.event
    owner = {"organization_id": str(event.org_id)} if event.org_id else {}
    client = {"client_id": event.client_id} if event.client_id else {}
    members = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": source,
        "type": PREFIX + event.name,
        "subject": event.subject,
        "time": instant(event.at),
        "sequence": f"{delivery.sequence:016d}",
        "datacontenttype": "application/json",
        "data": {**owner, **client, **event.data},
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def instant(at: datetime) -> str:
    """Return a time as events say it (RFC 3339)."""
    text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace(".000+00:00", "Z").replace("+00:00", "Z")
