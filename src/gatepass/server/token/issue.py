"""A grant becomes a token (RFC 6749 §5.1)."""

from collections.abc import Iterator
from os import urandom
from typing import NamedTuple

from gatepass.server.token.decide import Grant
from gatepass.server.token.sealed import Claims, SealingKey, seal

ENTROPY = 16  # bytes
_AT_A_TIME = 256


def entropy() -> Iterator[bytes]:
    """Give 128 random bits at a time, each once, without end.

    The kernel is asked for 256 of them at once: its lock costs more than all of the sealing.
    Not to be shared by forked processes.
    """
    while True:
        block = urandom(ENTROPY * _AT_A_TIME)
        for at in range(0, len(block), ENTROPY):
            yield block[at : at + ENTROPY]


class IssuedToken(NamedTuple):
    """An access token; `expires_in` is seconds."""

    access_token: str
    expires_in: int
    scope: str


def issue(grant: Grant, key: SealingKey, now_ms: int, entropy: bytes) -> IssuedToken:
    """Seal a token for `grant`; `entropy` is 128 random bits, which become the token's id."""
    application, granted, audience, lifetime = grant
    scope = " ".join(granted.names)
    claims = Claims(application.id, entropy, now_ms, lifetime, scope, audience)
    return IssuedToken(seal(claims, key), lifetime, scope)
