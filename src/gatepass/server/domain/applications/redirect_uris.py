"""Redirect URIs (RFC 6749 §3.1.2): kept for the record, as client credentials use none."""

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.urls import is_confidential, split

MOST = 10


def check_redirect_uris(text: str) -> tuple[str, ...]:
    """Return the URIs, one a line; raise OAuthError where one is not absolute or could leak a code.

    https, or http to this machine (RFC 8252 §7.3); no fragment (RFC 6749 §3.1.2), no user.
    """
    uris = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(uris) > MOST:
        raise OAuthError(
            "invalid_request", Message("Give {most} redirect URIs at most.", most=MOST)
        )
    for number, uri in enumerate(uris, 1):
        if not _is_safe(uri):
            raise OAuthError(
                "invalid_request",
                Message(
                    "Line {number} is not an https address without a fragment, "
                    "as https://www.example.com/callback.",
                    number=number,
                ),
            )
    return uris


def _is_safe(uri: str) -> bool:
    parts = None if set(uri) & set(' "<>\\^`{|}#') else split(uri)
    return parts is not None and is_confidential(parts) and "@" not in parts.netloc
