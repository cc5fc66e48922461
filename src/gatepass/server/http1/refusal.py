"""The last answer of a connection whose request the application never sees."""

from collections.abc import Iterable
from http import HTTPStatus

RETRY_AFTER = ((b"retry-after", b"1"),)
_HEADERS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"connection", b"close"),
)


def refusal(status: int, description: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of a response that says `description` and ends the connection."""
    body = f"{description}\n".encode()
    lines = (
        b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode()),
        *(b"%b: %b" % pair for pair in (*headers, *_HEADERS)),
        b"content-length: %d" % len(body),
        b"",
        body,
    )
    return b"\r\n".join(lines)
