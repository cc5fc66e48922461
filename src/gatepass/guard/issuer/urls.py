"""Addresses that a guard may speak to. Pure."""

from urllib.parse import urlsplit

from gatepass.wire.urls import is_loopback_http


def checked(url: str, what: str, *, is_issuer: bool = False) -> str:
    """Give `url` where it is one that secrets and keys may travel to and from.

    Raises ValueError, with `what` it is, for another: plain HTTP is for loopback alone (RFC 7662
    §4), there is no user and no fragment, and an issuer has no query (RFC 8414 §2).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not is_loopback_http(url):
        raise ValueError(f"{what} must be an https:// address (http:// only on loopback)")
    if not host or "@" in parts.netloc or "#" in url or (is_issuer and "?" in url):
        raise ValueError(f"{what} must be a plain address, without user, query and fragment")
    return url
