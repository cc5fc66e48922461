"""When people are reminded that a credential of an application expires. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from gatepass.translation.message import Message

CredentialKind = Literal["secret", "key", "certificate"]

DAYS = (0, 1, 7, 15, 30, 60, 90)
"""How many days before the last day of a credential people are reminded; 0 is that day itself."""

EARLIEST = timedelta(days=DAYS[-1] + 1)

_A_MOMENT = timedelta(milliseconds=1)
_PARTS = 4  # of the lifetime of a renewed certificate: reminders are in the last one


class Validity(NamedTuple):
    """From when until when a credential works.

    With `is_renewed` the next one works without a change here: a certificate that is recognised
    by its subject.
    """

    created_at: datetime
    expires_at: datetime
    is_renewed: bool = False


class Expiring(NamedTuple):
    """A credential of an application that expires soon, and the reminder given last.

    `detail` says which one it is, by the names that events have. `reminded_days` is of DAYS, None
    without any; it counts for the end `reminded_end` alone.
    """

    kind: CredentialKind
    credential_id: UUID
    org_id: UUID
    client_id: str
    name: str
    contact: str
    detail: Mapping[str, str]
    validity: Validity
    reminded_end: datetime | None
    reminded_days: int | None

    @property
    def expires_at(self) -> datetime:
        """Return when it expires."""
        return self.validity.expires_at


def days_left(expires_at: datetime, now: datetime) -> int:
    """Return the days from today to the last day on which it works; both are days in UTC."""
    return ((expires_at - _A_MOMENT).date() - now.date()).days


def reminders_of(validity: Validity) -> list[int]:
    """Return of which DAYS there are reminders.

    What would have been due on the day on which the credential was made, or before, is left out.
    A program may renew a certificate, usually when two thirds of its lifetime are over: so
    reminders about one that is renewed are in the last quarter, and none about one of hours.
    """
    lifetime = days_left(validity.expires_at, validity.created_at)
    if validity.is_renewed:
        return [days for days in DAYS if (days + 1) * _PARTS <= lifetime]
    return [days for days in DAYS if days < lifetime]


def due_reminder(credential: Expiring, now: datetime) -> int | None:
    """Return of which of DAYS a reminder is due; None where none is, or it was given already.

    Where several were missed only the last one is due.
    """
    end = credential.expires_at
    left = days_left(end, now)
    due = next((days for days in reminders_of(credential.validity) if left <= days), None)
    if left < 0 or due is None:
        return None
    given = credential.reminded_days if credential.reminded_end == end else None
    return None if given is not None and given <= due else due


def is_soon(validity: Validity, now: datetime) -> bool:
    """Return whether pages say that a credential expires soon, or has expired."""
    if validity.is_renewed:
        first = max(reminders_of(validity), default=-1)
        return days_left(validity.expires_at, now) <= first
    return days_left(validity.expires_at, now) <= DAYS[-1]


def in_words(left: int) -> Message:
    """Return in how many days a credential expires, in words."""
    if left < 0:
        return Message("has expired")
    words = {0: Message("expires today"), 1: Message("expires tomorrow")}
    return words.get(left) or Message("expires in {days} days", days=left)
