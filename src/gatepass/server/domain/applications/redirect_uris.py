"""Redirect URIs (RFC 6749 §3.1.2): kept for the record, as client credentials use none."""

from urllib.parse import urlsplit

from gatepass.wire.errors import OAuthError
from gatepass.wire.urls import is_loopback

MOST = 10


def check_redirect_uris(text: str) -> tuple[str, ...]:
    """Give the URIs, one a line; raise OAuthError where one is not absolute or could leak a code.

    https, or http to this machine (RFC 8252 §7.3); no fragment (RFC 6749 §3.1.2), no user.
    """
    uris = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(uris) > MOST:
        raise OAuthError("invalid_request", f"Give {MOST} redirect URIs at most.")
    for number, uri in enumerate(uris, 1):
        if not _is_safe(uri):
            raise OAuthError(
                "invalid_request",
                f"Line {number} is not an https address without a fragment, "
                "as https://www.example.com/callback.",
            )
    return uris


def _is_safe(uri: str) -> bool:
    if not (uri.isascii() and uri.isprintable()) or set(uri) & set(' "<>\\^`{|}#'):
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port  # a port that is no number raises
    except ValueError:
        return False
    is_secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return is_secure and bool(host) and "@" not in parts.netloc
