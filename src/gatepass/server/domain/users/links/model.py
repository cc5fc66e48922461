"""What a mailed link is: `issuer` + `/accounts/PURPOSE/TOKEN/`, kept as the token's digest."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from gatepass.translation.message import Message
from gatepass.wire import base62
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

Purpose = Literal["recover", "email", "invitation"]

LIFETIMES: dict[Purpose, timedelta] = {
    "recover": timedelta(minutes=30),
    "email": timedelta(days=1),
    "invitation": timedelta(days=7),
}
_BYTES = 32
_PATH = re.compile(r"(/accounts/(?:recover|email|invitation|code)/)[^/\s\"'?&]+", re.IGNORECASE)


class Link(NamedTuple):
    """A link that was mailed to `address`; it is somebody's, or of an invitation."""

    digest: bytes
    purpose: Purpose
    user_id: UUID | None
    invitation_id: UUID | None
    address: str
    created_at: datetime
    expires_at: datetime


class InvalidLink(OAuthError):
    """A link that was used, replaced, or has expired, or never was one: all say the same."""

    def __init__(self) -> None:
        super().__init__(
            "invalid_request",
            Message("This link does not work."),
            log_detail="unknown, used or expired link",
            status=404,
        )


def new_token() -> Secret:
    """Return the token of a link: 256 random bits."""
    return Secret(base62.encode(secrets.token_bytes(_BYTES)))


def path(purpose: Purpose, token: str) -> str:
    """Return the path of a link."""
    return f"/accounts/{purpose}/{token}/"


def has_link(text: str) -> bool:
    """Return whether the path of a mailed link is in a text."""
    return _PATH.search(text) is not None


def masked(text: str) -> str:
    """Return a path, or any text, without the tokens of links, for the log and the audit trail."""
    return _PATH.sub(r"\1[redacted]", text)
