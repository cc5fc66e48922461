"""Writes responses, and keeps the heads of those that it has written."""

import re
from http import HTTPStatus

from gatepass.server.http import Headers, Response

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HEADS = 256
_MOST_LENGTHS = 2048
_LENGTHS = [b"%d\r\n\r\n" % size for size in range(_MOST_LENGTHS)]  # formatting takes longer


class ResponseHeads:
    """The heads of the responses of one server, up to the length of the body."""

    def __init__(self) -> None:
        self._defaults: list[tuple[bytes, bytes]] = []
        self._last: tuple[int, Headers, Headers, bytes] = (0, (), (), b"")
        self._heads: dict[tuple[int, Headers, Headers], bytes] = {}

    def write(
        self, response: Response, defaults: list[tuple[bytes, bytes]], more: Headers = ()
    ) -> bytes:
        """Return the bytes of a response, with the environment's headers (`more`).

        `defaults` is a new list each time the date changes. Raise ValueError if a header contains
        control characters.
        """
        status, headers, body = response
        if defaults is not self._defaults or len(self._heads) > _MOST_HEADS:
            self._heads.clear()
            self._defaults, self._last = defaults, (0, (), (), b"")
        last_status, last_headers, last_more, head = self._last
        # Comparing identities is faster than hashing the headers.
        if headers is not last_headers or status != last_status or more is not last_more:
            key = status, headers, more
            head = self._heads.get(key) or _head(status, (*defaults, *headers, *more))
            self._heads[key] = head
            self._last = status, headers, more, head
        size = len(body)
        length = _LENGTHS[size] if size < _MOST_LENGTHS else b"%d\r\n\r\n" % size
        return b"".join((head, length, body))


def _head(status: int, headers: Headers) -> bytes:
    """Return a response's head up to its length, in uvicorn's order and with its check."""
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    for name, value in headers:
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise ValueError("A header of the response contains control characters.")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join((*lines, b"content-length: "))
