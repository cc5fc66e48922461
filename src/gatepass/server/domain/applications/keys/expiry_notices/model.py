"""A key that expires soon."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class ExpiringKey(NamedTuple):
    """The newest key of an application, which expires soon, and the reminder given last.

    The reminders are due as those of secrets: `expiry_notices.model.due_reminder` of them.
    """

    key_id: UUID
    org_id: UUID
    client_id: str
    name: str
    contact: str
    key: str
    kid: str
    created_at: datetime
    expires_at: datetime
    reminded_end: datetime | None
    reminded_days: int | None
