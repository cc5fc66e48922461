"""The key of opaque access tokens: HMAC-SHA-256 (RFC 2104)."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from gatepass.wire.credential import Kind, Mode, Prefix

TAG_SIZE = 16  # bytes of the MAC that a token carries (RFC 2104 §5)


class OpaqueTokenKey:
    """Makes the tags of an environment's opaque tokens; the MAC over the prefix is made once."""

    def __init__(self, mode: Mode, key_id: int, key: bytes) -> None:
        self.mode = mode
        self.id = key_id
        self.prefix = Prefix.of(Kind.ACCESS_TOKEN, mode)
        self._mac = HMAC(key, SHA256())
        self._mac.update(self.prefix.text.encode())

    def tag(self, content: bytes) -> bytes:
        """Return the authentication tag of prefix and content."""
        mac = self._mac.copy()
        mac.update(content)
        return mac.finalize()[:TAG_SIZE]
