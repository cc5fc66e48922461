"""Tokens to be kept in files, and the moments of doing so."""

from gatepass.client.tokens.clock import ClockReading
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse

MOMENT = ClockReading(now=1000.0, wall=1_800_000_000.0, boot="boot-1")


def held(token: str = "t-1", asked_at: float = 900.0, expires_in: int | None = 3600) -> CachedToken:
    response = TokenResponse(Secret(token), "Bearer", expires_in, "read")
    return CachedToken.of(response, asked_at, jitter=0.5)
