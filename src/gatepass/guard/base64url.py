"""base64url without padding (RFC 7515 §2), in the one spelling that it has. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def decode(text: str) -> bytes:
    """Give the bytes of `text`; raise ValueError for padding, foreign characters, stray bits.

    The bytes are encoded again and compared: so there is exactly one text for them, and a
    re-encoded token is another, wrong one.
    """
    found = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(found).rstrip(b"=") != text.encode():
        raise ValueError("not canonical base64url")
    return found
