"""Which organizations are wanted, and where a page of them begins."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from gatepass.server.domain.organizations.model import Organization
from gatepass.server.storage.timestamps import EPOCH, milliseconds

State = Literal["active", "suspended"]

_LAYOUT = struct.Struct(">Q16s")
_LATEST = milliseconds(datetime.max.replace(tzinfo=UTC))


class Wanted(NamedTuple):
    """What a list of organizations is narrowed to; empty parts allow everything."""

    text: str = ""
    state: State | None = None


class Position(NamedTuple):
    """The organization that a page comes after."""

    created_at: datetime
    org_id: UUID


class Page(NamedTuple):
    """A page of organizations, and the cursor of the next one."""

    organizations: list[Organization]
    next_cursor: str | None


def write_cursor(last: Organization) -> str:
    """Return the cursor of the page that comes after `last`."""
    at = milliseconds(last.created_at)
    return urlsafe_b64encode(_LAYOUT.pack(at, last.id.bytes)).decode()


def read_cursor(text: str) -> Position | None:
    """Return the position of a cursor, None for an empty text; raise ValueError for no cursor.

    An invented one leads to some position.
    """
    if not text:
        return None
    try:
        at, org_id = _LAYOUT.unpack(urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, struct.error):
        raise ValueError("not a cursor") from None
    return Position(EPOCH + timedelta(milliseconds=min(at, _LATEST)), UUID(bytes=org_id))
