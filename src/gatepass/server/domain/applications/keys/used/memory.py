"""The assertions that this process accepted, in little memory."""

from hashlib import sha256

from gatepass.concurrency.used_digests import UsedDigests as UsedAssertions

__all__ = ["UsedAssertions", "digest_of"]


def digest_of(client_id: str, jti: str) -> bytes:
    """Return what names an assertion: of the client and its `jti`, 128 bits."""
    return sha256(f"{len(client_id)}:{client_id}{jti}".encode()).digest()[:16]
