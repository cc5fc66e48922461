"""What an organization is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gatepass.server.domain.names import is_visible, tidy
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Organization:
    """A partner; suspended, its people cannot log in and its applications get no tokens."""

    id: UUID
    name: str
    created_at: datetime
    suspended_at: datetime | None = None


def check_name(name: str) -> str:
    """Return the name, normalized; raise OAuthError if empty, too long, or with invisible parts."""
    name = tidy(name)
    if not is_visible(name) or len(name) > LONGEST_NAME:
        raise OAuthError(
            "invalid_request",
            Message(
                "An organization's name has 1 to {longest} printable characters.",
                longest=LONGEST_NAME,
            ),
        )
    return name
