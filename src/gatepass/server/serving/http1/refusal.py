"""The last response of a connection whose request does not reach the application.

It is a problem document with the members of the Partner API's, as the path may be unknown.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus

from gatepass.server.serving import problem_details

RETRY_AFTER = ((b"retry-after", b"1"),)
_HEADERS = (
    (b"content-type", problem_details.MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"connection", b"close"),
)


def refusal(status: int, description: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of an error response that ends the connection."""
    body = json.dumps(problem_details.members(status, description)).encode()
    lines = (
        b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode()),
        *(b"%b: %b" % pair for pair in (*headers, *_HEADERS)),
        b"content-length: %d" % len(body),
        b"",
        body,
    )
    return b"\r\n".join(lines)
