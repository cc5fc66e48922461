"""JWTs whose signature was checked before: a bounded memory, without a token in it. No clock."""

import threading
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from gatepass.guard.model.principal import Principal
from gatepass.jose.jwks import Key
from gatepass.wire.params import LONGEST_TOKEN

_LONGEST = LONGEST_TOKEN + 16  # characters of a header: the scheme, and some spaces


class Entry(NamedTuple):
    """A verified token: it counts from `since` until `until` while `key` is its issuer's."""

    principal: Principal
    scopes: frozenset[str]
    kid: str
    key: Key
    since: float
    until: float


class JwtCache:
    """The latest verifications, at most `size` of them; the oldest makes room.

    By the SHA-256 of the header that brought the token, never by the token (RFC 9700 §4.9.3).
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._lock = threading.Lock()
        self.entries: dict[bytes, Entry] = {}  # read without the lock: one look-up is one step

    def __len__(self) -> int:
        """Tell how many are kept, expired ones included."""
        return len(self.entries)

    def put(self, cached_key: bytes, entry: Entry) -> None:
        """Keep `entry` for the header with `cached_key`."""
        with self._lock:
            self.entries.pop(cached_key, None)  # so that the newest stands last
            if len(self.entries) >= self._size:
                del self.entries[next(iter(self.entries))]
            self.entries[cached_key] = entry

    def after_fork(self) -> None:
        """Begin with a lock that nobody holds."""
        self._lock = threading.Lock()


def cache_key(authorization: Sequence[str]) -> bytes | None:
    """Give the name of a single header, or None for what is no token's or too long for one."""
    if len(authorization) != 1:
        return None
    header = authorization[0]
    if len(header) > _LONGEST or not header.isascii():
        return None
    return sha256(header.encode()).digest()
