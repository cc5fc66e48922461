"""Tokens that were shown lately: what they say, and what was made of that.

What a token says is a function of its text and the keys, and its verification is most of an
introspection's work; a guard asks about the same tokens again and again. Kept under the
SHA-256 of the text: no token can be read here.
"""

from typing import Generic, NamedTuple, TypeVar

from gatepass.server.domain.applications.model import Application
from gatepass.server.tokens.claims import Claims

MOST = 4096

Kept = TypeVar("Kept")


class VerifiedTokenCache:
    """Recalls what tokens say while the keys are the very object that verified them.

    Does NOT check expiry, revocation or the application: they change while the keys do not.
    """

    def __init__(self) -> None:
        # Replaced as one, so that no thread keeps under new keys what old ones have verified.
        self._said: tuple[object, dict[bytes, Claims]] = (None, {})

    def said(self, digest: bytes, keys: object) -> Claims | None:
        """Recall what a token says: the very object that was kept. New keys forget everything."""
        known_keys, said = self._said
        return said.get(digest) if known_keys is keys else None

    def keep(self, digest: bytes, keys: object, claims: Claims) -> Claims:
        """Remember what `keys` verified, and give it; a change of keys must be a new object."""
        known_keys, said = self._said
        if known_keys is not keys or len(said) >= MOST:
            said = {}
            self._said = keys, said
        said[digest] = claims
        return claims


class _Made(NamedTuple, Generic[Kept]):
    owner: Application
    claims: Claims
    kept: Kept


class DerivedCache(Generic[Kept]):
    """What was made of tokens' claims and their applications, while both are the same objects.

    It may depend on nothing else that changes.
    """

    def __init__(self) -> None:
        self._made: dict[bytes, _Made[Kept]] = {}

    def recall(self, claims: Claims, owner: Application) -> Kept | None:
        """Recall what was made of these very claims of this very application."""
        made = self._made.get(claims.token_id)
        if made is None or made.owner is not owner or made.claims is not claims:
            return None
        return made.kept

    def keep(self, claims: Claims, owner: Application, kept: Kept) -> Kept:
        """Remember what was made, and give it."""
        if len(self._made) >= MOST:
            self._made.clear()
        self._made[claims.token_id] = _Made(owner, claims, kept)
        return kept
