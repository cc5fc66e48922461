"""The claims of an access token, opaque or JWT."""

from typing import NamedTuple

from gatepass.jose.confirmation import Confirmation


class Claims(NamedTuple):
    """The content of a token; the time of issue is in Unix milliseconds, the lifetime in seconds.

    `application` is the application's id, as bytes, in an opaque token, its client id in a JWT. An
    empty audience means the issuer's own Partner API. A token with a `confirmation` is bound to a
    key or certificate, which its sender has to prove (RFC 7800).
    """

    application: bytes | str
    token_id: bytes
    issued_ms: int
    lifetime: int
    scope: str
    audience: tuple[str, ...]
    confirmation: Confirmation | None = None

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

    @property
    def token_type(self) -> str:
        """Return how the token is presented (RFC 9449 §7.1)."""
        return token_type(self.confirmation)


def token_type(confirmation: Confirmation | None) -> str:
    """Return the type of a token: DPoP where it is bound to a key, else Bearer."""
    return "DPoP" if confirmation is not None and confirmation.jkt is not None else "Bearer"
