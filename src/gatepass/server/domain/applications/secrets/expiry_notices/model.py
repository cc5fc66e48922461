"""When people are reminded that a secret expires."""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from gatepass.translation.message import Message

DAYS = (0, 1, 7, 15, 30, 60, 90)
"""How many days before the last day of a secret people are reminded; 0 is that day itself."""

EARLIEST = timedelta(days=DAYS[-1] + 1)

_A_MOMENT = timedelta(milliseconds=1)


class ExpiringSecret(NamedTuple):
    """The newest secret of an application, which expires soon, and the reminder given last.

    `reminded_days` is of DAYS, None without any; it counts for the end `reminded_end` alone.
    """

    secret_id: UUID
    org_id: UUID
    client_id: str
    name: str
    contact: str
    last_four: str
    created_at: datetime
    expires_at: datetime
    reminded_end: datetime | None
    reminded_days: int | None


class Expiring(Protocol):
    """A credential that expires, and the reminder given last; it may also be a key."""

    @property
    def created_at(self) -> datetime:
        """Return when it was made."""
        ...

    @property
    def expires_at(self) -> datetime:
        """Return when it expires."""
        ...

    @property
    def reminded_end(self) -> datetime | None:
        """Return for which end the last reminder was."""
        ...

    @property
    def reminded_days(self) -> int | None:
        """Return which of DAYS the last reminder was."""
        ...


def days_left(expires_at: datetime, now: datetime) -> int:
    """Return the days from today to the last day on which it works; both are days in UTC."""
    return ((expires_at - _A_MOMENT).date() - now.date()).days


def due_reminder(secret: Expiring, now: datetime) -> int | None:
    """Return of which of DAYS a reminder is due; None where none is, or it was given already.

    Where several were missed only the last one is due. What would have been due on the day on
    which the secret was made, or before, is left out.
    """
    left = days_left(secret.expires_at, now)
    due = next((days for days in DAYS if left <= days), None)
    if left < 0 or due is None:
        return None
    if days_left(secret.expires_at, secret.created_at) <= due:
        return None
    is_same_end = secret.reminded_end == secret.expires_at
    if is_same_end and secret.reminded_days is not None and secret.reminded_days <= due:
        return None
    return due


def in_words(left: int) -> Message:
    """Return in how many days a secret expires, in words."""
    if left < 0:
        return Message("has expired")
    words = {0: Message("expires today"), 1: Message("expires tomorrow")}
    return words.get(left) or Message("expires in {days} days", days=left)
