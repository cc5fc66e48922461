"""The ASGI side of one request: uvicorn's cycle, with a faster beginning of the response."""

import re
from http import HTTPStatus
from typing import Any

try:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
except ModuleNotFoundError:  # as on Windows; then uvicorn's protocol serves (see `uvicorn_compat`)
    from uvicorn.protocols.http.h11_impl import (  # type: ignore[assignment]
        RequestResponseCycle,
    )

__all__ = ["Cycle", "RequestResponseCycle"]

_NO_NAME = re.compile(rb'[\x00-\x20\x7f()<>@,;:\\\[\]={}"]')
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_MOST_LINES = 256
# The values of these are the same in many responses, and are no secrets.
_REPEATED = frozenset(
    {
        b"cache-control",
        b"content-security-policy",
        b"content-type",
        b"cross-origin-opener-policy",
        b"date",
        b"pragma",
        b"referrer-policy",
        b"server",
        b"strict-transport-security",
        b"vary",
        b"x-content-type-options",
        b"x-frame-options",
    }
)
_lines: dict[tuple[bytes, bytes], bytes] = {}


class Cycle(RequestResponseCycle):
    """Formats the header lines that repeat once; otherwise it is uvicorn's cycle."""

    _says_close = False

    async def send(self, message: Any) -> None:  # noqa: ANN401 - an ASGI message
        """Write the beginning of the response, or a part of its body.

        Raise RuntimeError for messages in another order, and for a header that is not valid.
        """
        if self.response_started or message["type"] != "http.response.start":
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        self.response_started = True
        self.waiting_for_100_continue = False
        status = message["status"]
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        for name, value in (*self.default_headers, *message.get("headers", ())):
            lines.append(_lines.get((name, value)) or self._line(name, value))
        if not self.keep_alive and not self._says_close:
            lines.append(b"connection: close\r\n")
        if (
            self.chunked_encoding is None
            and self.scope["method"] != "HEAD"
            and status not in (204, 304)
        ):
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self.transport.write(b"".join(lines))

    def _line(self, name: bytes, value: bytes) -> bytes:
        """Return the line of a header; one that frames the response changes how the rest is sent.

        Raise RuntimeError if it contains a character that it must not contain.
        """
        if _NO_NAME.search(name) or _NO_VALUE.search(value):
            raise RuntimeError("A header of the response contains a forbidden character.")
        lower = name.lower()
        line = b"%b: %b\r\n" % (lower, value)
        if lower in _REPEATED:
            if len(_lines) >= _MOST_LINES:
                _lines.clear()
            _lines[name, value] = line
        elif lower == b"content-length" and self.chunked_encoding is None:
            self.expected_content_length = int(value)
            self.chunked_encoding = False
        elif lower == b"transfer-encoding" and value.lower() == b"chunked":
            self.expected_content_length = 0
            self.chunked_encoding = True
        elif lower == b"connection" and b"close" in {
            token.strip() for token in value.lower().split(b",")
        }:
            self.keep_alive = False
            self._says_close = True
        return line
