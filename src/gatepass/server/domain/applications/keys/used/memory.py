"""What names an assertion that was used, and the memory that keeps it."""

from hashlib import sha256

from gatepass.concurrency.used_digests import UsedDigests as UsedAssertions
from gatepass.server.domain.applications.keys.used.store import DIGEST

__all__ = ["UsedAssertions", "digest_of"]


def digest_of(client_id: str, jti: str) -> bytes:
    """Return what names an assertion: of the client and its `jti`, 96 bits."""
    return sha256(f"{len(client_id)}:{client_id}{jti}".encode()).digest()[:DIGEST]
