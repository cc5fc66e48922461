"""Secrets, wrapped when they are read so that no log or repr shows them."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret, token or password; read `value` only where the text is needed."""

    value: str = field(repr=False)

    def digest(self) -> bytes:
        """Return the SHA-256 digest that is stored in place of a generated secret."""
        return sha256(self.value.encode()).digest()

    def matches(self, digest: bytes) -> bool:
        """Return whether `digest` is this secret's, in constant time."""
        return hmac.compare_digest(sha256(self.value.encode()).digest(), digest)

    def __str__(self) -> str:
        """Hide the value in formatted text, as in `repr`."""
        return "[secret]"
