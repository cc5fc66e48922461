"""What an invitation is."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.users.model import Role

KEPT = timedelta(days=30)
"""How long an invitation is listed after it has expired."""


class Invitation(NamedTuple):
    """Somebody at an address is asked to become a user of an organization."""

    id: UUID
    org_id: UUID
    email: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime
