"""Cursors: how far a guard has read, as a text that it need not understand.

The server keeps nothing of a reader: its cursor has all of it, so any worker can answer.
"""

import struct
from enum import IntEnum
from typing import NamedTuple
from zlib import crc32

from gatepass.jose import base64url
from gatepass.server.domain.changes.store import Position
from gatepass.wire.errors import OAuthError

_LAYOUT = struct.Struct(">BQQ")
_CHECK = 4  # bytes
_MOST = 2**63  # what a database can count to
_LONGEST = 2048  # characters; a client id of another system may be part of it


class Section(IntEnum):
    """What is read: the parts of a snapshot one after the other, then changes without end."""

    CHANGES = 0
    TOKENS = 1
    APPLICATIONS = 2
    ORGANIZATIONS = 3
    CLIENTS = 4


class Cursor(NamedTuple):
    """A place in the feed, and a part of it with the last name told of that.

    In a snapshot, `position` is where the changes continue. Otherwise it is the last change that
    was sent; with a `last_name`, that change is an organization's and was sent up to this name.
    """

    position: Position
    section: Section = Section.CHANGES
    last_name: bytes = b""


def write(cursor: Cursor, issuer: str) -> str:
    """Return the text of a cursor, good with this issuer alone."""
    content = _LAYOUT.pack(cursor.section, *cursor.position) + cursor.last_name
    return base64url.encode(content + _check(content, issuer))


def read(text: str, issuer: str) -> Cursor:
    """Read a cursor; raise OAuthError (`invalid_request`) for one that this issuer did not write.

    The check is no secret: who makes up a cursor begins at another place, and sees the same.
    """
    cursor = _parsed(text) if len(text) <= _LONGEST else None
    if cursor is None or write(cursor, issuer) != text:
        raise OAuthError("invalid_request", "This is no cursor of this feed. Leave it out.")
    return cursor


def _parsed(text: str) -> Cursor | None:
    try:
        content = base64url.decode(text)[:-_CHECK]
        part, seq, at = _LAYOUT.unpack_from(content)
        last = content[_LAYOUT.size :]
        if part != Section.TOKENS:
            last.decode()
        return Cursor(Position(seq, at), Section(part), last) if seq < _MOST else None
    except (ValueError, struct.error):
        return None


def _check(content: bytes, issuer: str) -> bytes:
    return crc32(issuer.encode() + content).to_bytes(_CHECK)
