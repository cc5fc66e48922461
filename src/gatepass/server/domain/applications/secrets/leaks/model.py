"""A client secret that leaked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from gatepass.server.domain.organizations.policies.model import Policy
from gatepass.translation.message import Message

Channel = Literal["report", "github"]
"""How a leak became known: by the endpoint for reports, or by GitHub's secret scanning."""

REPORTERS: dict[Channel, Message] = {
    "report": Message("a leak report"),
    "github": Message("GitHub secret scanning"),
}
"""Who reported a leak, in words."""


@dataclass(frozen=True, slots=True)
class LeakedSecret:
    """A report that a secret leaked; `location` is the address where it was found, or empty.

    With `has_tokens`, tokens of its application have to be revoked when the secret has ended.
    """

    secret_id: UUID
    reported_at: datetime
    channel: Channel
    location: str
    has_tokens: bool


def end_of_leaked(policy: Policy, expires_at: datetime | None, now: datetime) -> datetime:
    """Return when a secret ends that is reported as leaked: never later than it would have."""
    if policy.leaked_secret == "revoke":  # noqa: S105 - a value of a policy
        return now
    end = now + timedelta(seconds=policy.leaked_secret_grace)
    return end if expires_at is None else min(expires_at, end)
