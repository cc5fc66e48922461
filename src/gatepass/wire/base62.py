"""Encodes bytes as letters and digits, which no client needs to escape.

Base64 without padding, in which `Z` escapes what is neither letter nor digit: `Z0` is a Z,
`Z1` a plus sign, `Z2` a slash. On average 5 % longer than base64, computed by C code alone; each
byte string has exactly one text.
"""

from binascii import a2b_base64, b2a_base64


def encode(data: bytes) -> str:
    """Return the text of `data`."""
    text = b2a_base64(data, newline=False).rstrip(b"=")
    return text.replace(b"Z", b"Z0").replace(b"+", b"Z1").replace(b"/", b"Z2").decode()


def decode(text: str) -> bytes:
    """Return the bytes of `text`; raise ValueError unless `encode` could have made it."""
    plain = text.encode().replace(b"Z2", b"/").replace(b"Z1", b"+").replace(b"Z0", b"Z")
    data = a2b_base64(plain + b"=" * (-len(plain) % 4), strict_mode=True)
    if encode(data) != text:
        raise ValueError("not the text that these bytes have")
    return data
