"""A grant becomes a token (RFC 6749 §5.1)."""

from collections.abc import Iterator
from os import urandom
from typing import NamedTuple

from gatepass.server.domain.keys.keyring import Keyring
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.grant import Grant
from gatepass.server.tokens.jwt import sign
from gatepass.server.tokens.opaque import fill_template
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import PARTNER_API

ENTROPY = 16  # bytes
_AT_A_TIME = 256
_MOST_AHEAD_MS = 5000  # of a token's stamp
_LONGEST_RETRY = 60  # seconds


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

    Where the application's tokens are void up to a moment that is close ahead, the token is
    stamped with the millisecond behind it: it was issued afterwards, and counts. A JWT's `iat`
    stays the time of now, as others do not take one of the future. Raises OAuthError (503) where
    that moment is further ahead: a token that is void already is of no use.
    """
    void_until_ms = grant.application.revoked_before_ms
    stamp_ms = now_ms if now_ms > void_until_ms else _after(void_until_ms, now_ms)
    if grant.form == "sealed":
        return IssuedToken(
            fill_template(grant.mould, entropy, stamp_ms, keys.seal), grant.lifetime, grant.text
        )
    application = grant.application
    named = grant.audience or (issuer + PARTNER_API,)
    claims = Claims(application.client_id, entropy, stamp_ms, grant.lifetime, grant.text, named)
    signed = sign(claims, str(application.org_id), issuer, keys.sign[grant.form], now_ms // 1000)
    return IssuedToken(signed, grant.lifetime, grant.text)


def _after(void_until_ms: int, now_ms: int) -> int:
    if void_until_ms - now_ms >= _MOST_AHEAD_MS:
        raise OAuthError(
            "temporarily_unavailable",
            "Tokens of this application are revoked up to a moment that is still to come. "
            "Try again later.",
            log_detail="the clock is behind the one that revoked the application's tokens",
            retry_after=min(_LONGEST_RETRY, (void_until_ms - now_ms) // 1000 + 1),
        )
    return void_until_ms + 1
