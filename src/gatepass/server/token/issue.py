"""A grant becomes a token (RFC 6749 §5.1)."""

from collections.abc import Iterator
from os import urandom
from typing import NamedTuple

from gatepass.server.keys.ring import Keyring
from gatepass.server.token.claims import Claims
from gatepass.server.token.decide import Grant
from gatepass.server.token.sealed import cast
from gatepass.server.token.signed import sign
from gatepass.wire.metadata import PARTNER_API

ENTROPY = 16  # bytes
_AT_A_TIME = 256
_CLOCKS_DIFFER_MS = 1000  # of the processes of one server


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


def issue(grant: Grant, keys: Keyring, issuer: str, now_ms: int, entropy: bytes) -> IssuedToken:
    """Make a token for `grant`, sealed or signed; `entropy`, 128 random bits, is its id.

    Where the application's tokens are revoked up to this very millisecond, or by a clock up to
    a second ahead, the token is dated one later: it was issued afterwards, and counts.
    """
    void_until_ms = grant.application.void_until_ms
    if 0 <= void_until_ms - now_ms < _CLOCKS_DIFFER_MS:
        now_ms = void_until_ms + 1
    if grant.form == "sealed":
        return IssuedToken(
            cast(grant.mould, entropy, now_ms, keys.seal), grant.lifetime, grant.text
        )
    application = grant.application
    named = grant.audience or (issuer + PARTNER_API,)
    claims = Claims(application.client_id, entropy, now_ms, grant.lifetime, grant.text, named)
    signed = sign(claims, str(application.org_id), issuer, keys.sign[grant.form])
    return IssuedToken(signed, grant.lifetime, grant.text)
