"""Caches of verified tokens: their claims, and what was derived from these.

A token's claims are a function of its text and the keys. Verifying them is most of the work of an
introspection, and a guard asks about the same tokens again and again. The key is the SHA-256 of
the text, so no token can be read from memory.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.tokens.claims import Claims

SIZE = 4096

AccessToken = tuple[Claims, CachedApplication]
"""The claims of a verified token, and the application that they name. One is made for each
request, so it is a plain tuple, which costs a tenth of a named one."""

Value = TypeVar("Value")


class VerifiedTokenCache:
    """Claims by token, for as long as the keys are the same object that verified them.

    Does NOT check expiry, revocation or the application: they change while the keys do not.
    """

    def __init__(self) -> None:
        # Replaced as one, so that no thread keeps under new keys what old ones have verified.
        self._claims: tuple[object, BoundedCache[bytes, Claims]] = (None, BoundedCache(SIZE))

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self._claims[1])

    def get(self, digest: bytes, keys: object) -> Claims | None:
        """Return the claims of the token with this digest, the same object as was put."""
        verified_by, claims = self._claims
        return claims.get(digest) if verified_by is keys else None

    def put(self, digest: bytes, keys: object, claims: Claims) -> Claims:
        """Keep the claims that `keys` verified; new keys, a new object, evict all others."""
        verified_by, known = self._claims
        if verified_by is not keys:
            known = BoundedCache(SIZE)
            self._claims = keys, known
        return known.put(digest, claims)


class DerivedCache(Generic[Value]):
    """Values derived from a token's claims and its application, while both are the same objects.

    A value may depend on nothing else that changes, beside what its key names.
    """

    def __init__(self) -> None:
        self._values: BoundedCache[Hashable, tuple[AccessToken, Value]] = BoundedCache(SIZE)

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._values)

    def get(self, key: Hashable, token: AccessToken) -> Value | None:
        """Return the value of this token, if it was derived from these claims and application."""
        found = self._values.get(key)
        if found is None:
            return None
        known, value = found
        if known[0] is not token[0] or known[1] is not token[1]:
            return None
        return value

    def put(self, key: Hashable, token: AccessToken, value: Value) -> Value:
        """Keep a value and return it."""
        self._values.put(key, (token, value))
        return value
