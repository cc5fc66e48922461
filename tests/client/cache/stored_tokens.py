"""Tokens to be stored in files, and a reading of the clock."""

from gatepass.client.tokens.clock import ClockReading
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse

READING = ClockReading(now=1000.0, wall=1_800_000_000.0, boot="boot-1")


def cached_token(
    token: str = "t-1", requested_at: float = 900.0, expires_in: int | None = 3600
) -> CachedToken:
    response = TokenResponse(Secret(token), "Bearer", expires_in, "read")
    return CachedToken.of(response, requested_at, jitter=0.5)
