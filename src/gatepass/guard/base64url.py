"""base64url without padding (RFC 7515 §2), in the one spelling that it has. Pure."""

from binascii import a2b_base64

# To the alphabet that the standard library decodes; what is its own becomes an error.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
# By what is left of the length after division by four: the last characters without stray bits.
_LAST: tuple[frozenset[str], ...] = (
    frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
    frozenset(),
    frozenset("AQgw"),
    frozenset("AEIMQUYcgkosw048"),
)
_PADDING = (b"", b"", b"==", b"=")


def decode(text: str) -> bytes:
    """Give the bytes of `text`; raise ValueError for padding, foreign characters, stray bits.

    So there is exactly one text for the bytes, and a re-encoded token is another, wrong one.
    """
    if not text:
        return b""
    left = len(text) % 4
    if text[-1] not in _LAST[left]:
        raise ValueError("not canonical base64url")
    return a2b_base64(text.encode("ascii").translate(_TO_BASE64) + _PADDING[left], strict_mode=True)
