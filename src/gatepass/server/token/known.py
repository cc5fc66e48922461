"""Tokens that were shown lately: what they say, and the answer that says it.

What a token says is a function of its text and the keys, and its verification is most of an
introspection's work; a guard asks about the same tokens again and again. Kept under the
SHA-256 of the text: no token can be read here.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from gatepass.server.applications.model import Application
from gatepass.server.arrival import Answer
from gatepass.server.token.sealed import Claims, SealingKey, unseal

MOST = 4096

Keys = Mapping[int, SealingKey]


class _Told(NamedTuple):
    owner: Application
    claims: Claims
    answer: Answer


class KnownTokens:
    """Recalls what tokens say while the keys are the very mapping that verified them."""

    def __init__(self) -> None:
        # Replaced as one, so that no thread keeps under new keys what old ones have verified.
        self._read: tuple[Keys, dict[bytes, Claims]] = ({}, {})
        self._told: dict[bytes, _Told] = {}

    def read(self, token: str, keys: Keys) -> Claims | None:
        """Unseal a token, or recall what it says: then it is the same object as the last time.

        A change of keys must be a new mapping. Does NOT check what `unseal` does not.
        """
        known_keys, known = self._read
        if known_keys is not keys or len(known) >= MOST:
            known = {}
            self._read = keys, known
        key = sha256(token.encode()).digest()
        claims = known.get(key)
        if claims is None:
            claims = unseal(token, keys)
            if claims is not None:
                known[key] = claims
        return claims

    def told(self, claims: Claims, owner: Application) -> Answer | None:
        """Give what was answered about `claims` when their application was this very object."""
        told = self._told.get(claims.token_id)
        if told is None or told.owner is not owner or told.claims is not claims:
            return None
        return told.answer

    def keep(self, claims: Claims, owner: Application, answer: Answer) -> Answer:
        """Remember an answer, which may depend on nothing else that changes, and give it."""
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[claims.token_id] = _Told(owner, claims, answer)
        return answer
