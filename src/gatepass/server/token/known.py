"""Tokens that were shown lately: what they say, and the answer that says it.

What a token says is a function of its text and the keys, and its verification is most of an
introspection's work; a guard asks about the same tokens again and again. Kept under the
SHA-256 of the text: no token can be read here.
"""

from hashlib import sha256
from typing import NamedTuple

from gatepass.server.applications.model import Application
from gatepass.server.arrival import Answer
from gatepass.server.token.claims import Claims

MOST = 4096


class _Told(NamedTuple):
    owner: Application
    claims: Claims
    answer: Answer


class KnownTokens:
    """Recalls what tokens say while the keys are the very object that verified them.

    Does NOT check expiry, revocation or the application: they change while the keys do not.
    """

    def __init__(self) -> None:
        # Replaced as one, so that no thread keeps under new keys what old ones have verified.
        self._said: tuple[object, dict[bytes, Claims]] = (None, {})
        self._told: dict[bytes, _Told] = {}

    def said(self, token: str, keys: object) -> Claims | None:
        """Recall what a token says: the very object that was kept. New keys forget everything."""
        known_keys, said = self._said
        return said.get(_key(token)) if known_keys is keys else None

    def keep(self, token: str, keys: object, claims: Claims) -> Claims:
        """Remember what `keys` verified, and give it; a change of keys must be a new object."""
        known_keys, said = self._said
        if known_keys is not keys or len(said) >= MOST:
            said = {}
            self._said = keys, said
        said[_key(token)] = claims
        return claims

    def told(self, claims: Claims, owner: Application) -> Answer | None:
        """Recall what was answered about these very claims of this very application."""
        told = self._told.get(claims.token_id)
        if told is None or told.owner is not owner or told.claims is not claims:
            return None
        return told.answer

    def tell(self, claims: Claims, owner: Application, answer: Answer) -> Answer:
        """Remember an answer, which may depend on nothing else that changes, and give it."""
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[claims.token_id] = _Told(owner, claims, answer)
        return answer


def _key(token: str) -> bytes:
    return sha256(token.encode()).digest()
