"""Writes responses, and keeps the heads of those that it has written."""

import re
from http import HTTPStatus

from gatepass.server.http import Headers, Response

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HEADS = 1024
_MOST_LENGTHS = 2048
_LENGTHS = [b"%d\r\n\r\n" % size for size in range(_MOST_LENGTHS)]  # formatting takes longer


class ResponseHeads:
    """The heads of the responses of one server, up to the length of the body."""

    def __init__(self) -> None:
        self._defaults: list[tuple[bytes, bytes]] = []
        # By the identity of the headers, which are kept with them: to hash them takes longer.
        self._heads: dict[int, tuple[Headers, int, Headers, bytes]] = {}

    def write(
        self, response: Response, defaults: list[tuple[bytes, bytes]], more: Headers = ()
    ) -> bytes:
        """Return the bytes of a response, with the environment's headers (`more`).

        `defaults` is a new list each time the date changes. Raise ValueError if a header contains
        control characters.
        """
        status, headers, body = response
        if defaults is not self._defaults:
            self._heads.clear()
            self._defaults = defaults
        kept = self._heads.get(id(headers))
        if kept and kept[0] is headers and kept[1] == status and kept[2] is more:
            head = kept[3]
        else:
            head = _head(status, (*defaults, *headers, *more))
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            self._heads[id(headers)] = headers, status, more, head
        size = len(body)
        length = _LENGTHS[size] if size < _MOST_LENGTHS else b"%d\r\n\r\n" % size
        return b"".join((head, length, body))


def _head(status: int, headers: Headers) -> bytes:
    """Return a response's head up to its length, in uvicorn's order and with its check."""
    if _CONTROL.search(b"".join([text for pair in headers for text in pair])):
        raise ValueError("A header of the response contains control characters.")
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%b: %b" % pair for pair in headers]
    return b"\r\n".join((*lines, b"content-length: "))
