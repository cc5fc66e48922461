"""Recognises a private key in a text, also in one that no key can be read from. Pure.

What a person pastes by mistake must not be shown, stored or logged, whatever else is wrong with it.
"""

import re

MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""The members that only private and symmetric JWKs have (RFC 7518 §6.2.2, §6.3.2, §6.4.1)."""

# Also with lines before it, as `openssl` writes them, and in a dict of a program in place of JSON.
_MARK = re.compile(
    rb"PRIVATE KEY( BLOCK)?-----|PuTTY-User-Key-File|[\"'](?:%b)[\"']\s*:"
    % b"|".join(each.encode() for each in sorted(MEMBERS))
)


def is_in(text: bytes) -> bool:
    """Return whether there is a private or symmetric key in `text`: PEM or JWK, whole or not."""
    return _MARK.search(text) is not None
