"""Forms with a file (RFC 7578): text files alone, small ones. Pure.

A file becomes a field like those that are typed, so the same checks are made of it.
"""

import re
from collections.abc import Iterator
from email.message import Message as Header
from urllib.parse import urlencode

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

KIND = "multipart/form-data"
_DISPOSITION = re.compile(
    rb'content-disposition: *form-data; *name="([^"\r\n]{1,200})"(?:; *filename="[^"\r\n]*")?',
    re.IGNORECASE,
)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 §5.1.1
_BROKEN = Message("The form cannot be read. Open its page again.")
_NO_TEXT = Message("The file is not text. Choose a file with a JWK, a JWK Set or PEM.")


def url_encoded(body: bytes, content_type: str) -> bytes:
    """Return a form with files as one that is URL-encoded; raise OAuthError."""
    header = Header()
    header["content-type"] = content_type
    boundary = header.get_boundary("")
    if not _BOUNDARY.fullmatch(boundary):
        raise OAuthError("invalid_request", _BROKEN)
    return urlencode(list(_fields(body, boundary.encode()))).encode()


def _fields(body: bytes, boundary: bytes) -> Iterator[tuple[str, str]]:
    before, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if before or not parts or parts.pop() not in {b"--", b"--\r\n"}:
        raise OAuthError("invalid_request", _BROKEN)
    for part in parts:
        head, is_ended, content = part.partition(b"\r\n\r\n")
        names = [
            found[1] for line in head.split(b"\r\n") if (found := _DISPOSITION.fullmatch(line))
        ]
        if head[:2] != b"\r\n" or not is_ended or len(names) != 1:
            raise OAuthError("invalid_request", _BROKEN)
        try:
            yield names[0].decode(), content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise OAuthError("invalid_request", _NO_TEXT) from None
