"""Cursors: the position where a page of users starts, as an opaque text."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.store import After
from gatepass.server.storage.timestamps import EPOCH, milliseconds

# 24 bytes are 32 characters without padding: every text of this form is a cursor.
PATTERN = r"^[A-Za-z0-9_-]{32}$"
_LAYOUT = struct.Struct(">Q16s")
_LATEST = milliseconds(datetime.max.replace(tzinfo=UTC))


def write(last: User) -> str:
    """Return the cursor of the page that starts after `last`."""
    return urlsafe_b64encode(_LAYOUT.pack(milliseconds(last.created_at), last.id.bytes)).decode()


def read(text: str) -> After:
    """Return the position of a cursor, which must match PATTERN.

    An invented cursor leads to some position among the users of the same organization.
    """
    at, person_id = _LAYOUT.unpack(urlsafe_b64decode(text))
    moment = EPOCH + timedelta(milliseconds=min(at, _LATEST))
    return After(moment, UUID(bytes=person_id))
