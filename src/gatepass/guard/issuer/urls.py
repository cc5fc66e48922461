"""Addresses to which a guard may send requests. Pure."""

from gatepass.wire.urls import is_confidential, split


def checked(url: str, what: str, *, is_issuer: bool = False) -> str:
    """Return `url` if secrets and keys may be sent to it and taken from it.

    Raises ValueError, with `what` it is, for any other: plain HTTP is for loopback alone (RFC 7662
    §4), there is no user and no fragment, and an issuer has no query (RFC 8414 §2).
    """
    parts = split(url)
    if parts is None or not is_confidential(parts):
        raise ValueError(f"{what} must be an https:// address (http:// only on loopback)")
    if "@" in parts.netloc or "#" in url or (is_issuer and "?" in url):
        raise ValueError(f"{what} must be a plain address, without user, query and fragment")
    return url
