"""base64url without padding (RFC 7515 §2), in the one spelling that it has. Pure."""

from binascii import a2b_base64

# To the alphabet that the standard library decodes; what is its own becomes an error.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"", b"==", b"=")
# By what is left of the length after division by four: the last characters without stray bits.
_LAST = (
    frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
    frozenset(b""),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)


def decode(text: str) -> bytes:
    """Give the bytes of `text`; raise ValueError for padding, foreign characters, stray bits.

    So there is exactly one text for the bytes, and a re-encoded token is another, wrong one.
    """
    return decode_ascii(text.encode("ascii"))


def decode_ascii(text: bytes) -> bytes:
    """Do what `decode` does, with text that is encoded already."""
    if not text:
        return b""
    left = len(text) % 4
    if text[-1] not in _LAST[left]:
        raise ValueError("not canonical base64url")
    return a2b_base64(text.translate(_TO_BASE64) + _PADDING[left], strict_mode=True)
