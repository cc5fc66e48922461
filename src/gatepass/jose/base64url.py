"""base64url without padding (RFC 7515 §2), in its one canonical form. Pure."""

from binascii import a2b_base64, b2a_base64

# To the alphabet that the standard library decodes; characters of base64 alone become an error.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
_FROM_BASE64 = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"", b"==", b"=")
# By the length modulo 4: the last characters without stray bits.
_LAST = (
    frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
    frozenset(b""),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)


def encode(octets: bytes) -> str:
    """Return `octets` as text."""
    return b2a_base64(octets, newline=False).translate(_FROM_BASE64, b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of `text`; raise ValueError for padding, foreign characters, stray bits.

    So there is exactly one text for the bytes, and a re-encoded token is another, wrong one.
    """
    return decode_ascii(text.encode("ascii"))


def decode_ascii(text: bytes) -> bytes:
    """Return the bytes of `text`, which is ASCII already; raise ValueError as `decode` does."""
    if not text:
        return b""
    rest = len(text) % 4
    if text[-1] not in _LAST[rest]:
        raise ValueError("not canonical base64url")
    return a2b_base64(text.translate(_TO_BASE64) + _PADDING[rest], strict_mode=True)
