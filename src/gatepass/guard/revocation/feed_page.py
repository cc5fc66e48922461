"""A page of the revocation feed, read so that nothing of it is taken on trust. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeGuard

from gatepass.guard.model import claims
from gatepass.jose import strict_json
from gatepass.wire.errors import OAuthError

LONGEST = 4 * 1024 * 1024  # bytes; the server's pages have half a megabyte
_LONGEST_NAME = 512  # characters, of a client id or a key's
_LONGEST_CURSOR = 4096

_TOKEN_ID = re.compile(r"[0-9a-f]{32}")
_CURSOR = re.compile(r"[A-Za-z0-9_.~-]+")
_END_OF_TIME = 2**32  # seconds, in which expiries are kept
_ALL = 2**53  # milliseconds


class Page(NamedTuple):
    """What a page tells.

    `age`: seconds by which what it tells was older than the page itself. `resets`: it begins a
    snapshot. `more`: there is more at once. An application's number is the Unix millisecond up
    to which its tokens are void, 0 for none.
    """

    cursor: str
    time: float
    age: float
    resets: bool
    more: bool
    tokens: list[tuple[bytes, int]]
    applications: dict[str, int]
    keys: list[str]

    @property
    def says_nothing(self) -> bool:
        """Tell whether it has no entry."""
        return not (self.tokens or self.applications or self.keys)


def read(body: bytes) -> Page:
    """Read a page; raise ValueError, which never quotes it, for anything but a whole one."""
    if len(body) > LONGEST:
        raise ValueError(f"longer than {LONGEST} bytes")
    members = strict_json.read_object(body)
    try:
        time = claims.required_time(members, "time")
        as_of = claims.required_time(members, "as_of")
    except OAuthError as refused:
        raise ValueError(refused.log_detail) from None
    cursor = members.get("cursor")
    if not _is_text(cursor, _LONGEST_CURSOR) or not _CURSOR.fullmatch(cursor):
        raise _wrong("cursor")
    return Page(
        cursor=cursor,
        time=time,
        age=max(time - as_of, 0.0),
        resets=_flag(members, "reset"),
        more=_flag(members, "more"),
        tokens=_tokens(members.get("tokens")),
        applications=_applications(members.get("applications")),
        keys=_keys(members.get("keys")),
    )


def _flag(members: Mapping[str, object], name: str) -> bool:
    value = members.get(name)
    if not isinstance(value, bool):
        raise _wrong(name)
    return value


def _tokens(found: object) -> list[tuple[bytes, int]]:
    if not isinstance(found, dict):
        raise _wrong("tokens")
    if not all(
        _TOKEN_ID.fullmatch(token_id) and _is_number(expires_at, _END_OF_TIME)
        for token_id, expires_at in found.items()
    ):
        raise _wrong("tokens")
    return [(bytes.fromhex(token_id), expires_at) for token_id, expires_at in found.items()]


def _applications(found: object) -> dict[str, int]:
    if not isinstance(found, dict):
        raise _wrong("applications")
    if not all(
        _is_text(client_id, _LONGEST_NAME) and _is_number(void_until, _ALL)
        for client_id, void_until in found.items()
    ):
        raise _wrong("applications")
    return found


def _keys(found: object) -> list[str]:
    if not isinstance(found, list) or not all(_is_text(kid, _LONGEST_NAME) for kid in found):
        raise _wrong("keys")
    return found


def _is_text(value: object, longest: int) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= longest


def _is_number(value: object, beyond: int) -> bool:
    return type(value) is int and 0 <= value < beyond


def _wrong(name: str) -> ValueError:
    return ValueError(f"{name} is missing or malformed")
