"""What an access token says, whichever form it has."""

from typing import NamedTuple
from uuid import UUID


class Claims(NamedTuple):
    """The content of a token; the time of issue is Unix milliseconds, the lifetime seconds.

    `application` is what the token names it by: its id in a sealed token, its client id in a
    JWT. An empty audience means the issuer's own Partner API.
    """

    application: UUID | str
    token_id: bytes
    issued_ms: int
    lifetime: int
    scope: str
    audience: tuple[str, ...]

    @property
    def issued_at(self) -> int:
        """Give the time of issue in Unix seconds, rounded down."""
        return self.issued_ms // 1000

    @property
    def expires_at(self) -> int:
        """Give the expiry in Unix seconds: `lifetime` after the time of issue."""
        return self.issued_ms // 1000 + self.lifetime

    @property
    def jti(self) -> str:
        """Give the token's unique name: when it was issued (milliseconds), and its random id."""
        return f"{self.issued_ms:012x}{self.token_id.hex()}"
