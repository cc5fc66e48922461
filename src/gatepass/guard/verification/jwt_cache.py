"""Verified JWTs, cached by a digest of the header that brought them, never by the token. No clock.

So a copy of the memory has no token in it (RFC 9700 §4.9.3).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.guard.model.principal import Principal
from gatepass.guard.verification.jwks_cache import JwksCache
from gatepass.jose.jwks import Key
from gatepass.wire.params import LONGEST_TOKEN

SIZE = 10_000  # entries

LONGEST = LONGEST_TOKEN + 16  # characters of a header: the scheme, and some spaces


class VerifiedToken(NamedTuple):
    """A verified JWT: the caller, and the caller's scopes as a set.

    It is valid from `since` until `until` (Unix seconds) while `key`, named `kid`, is one of its
    issuer's. `jwks` has been found to have it, so that it need not be looked up again.
    """

    principal: Principal
    scopes: frozenset[str]
    kid: str
    key: Key
    since: float
    until: float
    jwks: JwksCache | None = None


JwtCache: TypeAlias = BoundedCache[bytes, VerifiedToken]


def cache_key(authorization: Sequence[str]) -> bytes | None:
    """Return the SHA-256 of a single Authorization header; None if it is too long or not ASCII."""
    if len(authorization) != 1:
        return None
    header = authorization[0]
    if len(header) > LONGEST or not header.isascii():
        return None
    return sha256(header.encode()).digest()
