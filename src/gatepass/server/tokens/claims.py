"""The claims of an access token, opaque or JWT."""

from typing import NamedTuple


class Claims(NamedTuple):
    """The content of a token; the time of issue is in Unix milliseconds, the lifetime in seconds.

    `application` is the application's id, as bytes, in an opaque token, its client id in a JWT. An
    empty audience means the issuer's own Partner API.
    """

    application: bytes | str
    token_id: bytes
    issued_ms: int
    lifetime: int
    scope: str
    audience: tuple[str, ...]

    @property
    def issued_at(self) -> int:
        """Return the time of issue in Unix seconds, rounded down."""
        return self.issued_ms // 1000

    @property
    def expires_at(self) -> int:
        """Return the expiry in Unix seconds: `lifetime` after the time of issue."""
        return self.issued_ms // 1000 + self.lifetime

    @property
    def jti(self) -> str:
        """Return the token's unique id: the time of issue (milliseconds) and the random id."""
        return f"{self.issued_ms:012x}{self.token_id.hex()}"
