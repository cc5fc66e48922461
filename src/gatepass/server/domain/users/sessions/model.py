"""What a session is known by, and when it is over (ASVS 7.2, 7.3)."""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gatepass.wire import base62
from gatepass.wire.secret import Secret

_BYTES = 32
_SEEN_EVERY = 60  # seconds between two notes of when a session was last seen


class Session(NamedTuple):
    """Somebody's login; `once` is an encrypted thing to show one time."""

    id_digest: bytes
    user_id: UUID
    created_at: datetime
    last_seen_at: datetime
    source: str
    user_agent: str
    flash: str | None = None
    once: bytes | None = None
    once_expires_at: datetime | None = None

    @property
    def id(self) -> UUID:
        """Return what a form names the session by; it lets nobody in."""
        return UUID(bytes=self.id_digest[:16])


class SessionSettings(BaseModel):
    """How long a portal session lives, in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    idle: int = Field(30 * 60, ge=60)
    """Seconds without a request after which a session is over."""
    absolute: int = Field(12 * 3600, ge=60)
    """Seconds after the login at which a session is over in any case."""

    def shortened(self, idle: int | None, absolute: int | None) -> "SessionSettings":
        """Return the limits with those of a policy, seconds or None; they only shorten."""
        limits = {
            "idle": min(self.idle, idle or self.idle),
            "absolute": min(self.absolute, absolute or self.absolute),
        }
        return self.model_copy(update=limits)


def new_id() -> Secret:
    """Return the id of a session or a device: 256 random bits, as a cookie carries them."""
    return Secret(base62.encode(secrets.token_bytes(_BYTES)))


def read_id(text: str | None) -> Secret | None:
    """Return the id in a cookie, or None where no `new_id` could have made it."""
    try:
        data = base62.decode(text or "")
    except ValueError:
        return None
    return Secret(text or "") if len(data) == _BYTES else None


def key(session_id: Secret) -> bytes:
    """Return the 32 bytes of an id, a key that the database does not hold."""
    return base62.decode(session_id.value)


def is_over(session: Session, settings: SessionSettings, now: datetime) -> bool:
    """Return whether a session was left alone for too long, or has lived long enough."""
    idle = now - session.last_seen_at >= timedelta(seconds=settings.idle)
    return idle or now - session.created_at >= timedelta(seconds=settings.absolute)


def is_update_due(session: Session, settings: SessionSettings, now: datetime) -> bool:
    """Return whether `last_seen_at` is due; not on every request, as each would write."""
    every = min(_SEEN_EVERY, settings.idle // 10)
    return now - session.last_seen_at >= timedelta(seconds=every)
