"""The body of a request: finds its end in the stream (RFC 9112 §6.2, §7.1)."""

import re
from enum import Enum, auto
from typing import Protocol

from gatepass.server.serving.http1.head import CHUNKED, RefusedRequest

_LONGEST_LINE = 1024  # bytes: a chunk's size with its extensions, or a field of the trailer
_MOST_TRAILERS = 100
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t\x20-\x7e\x80-\xff]*")
_NO_TRAILERS = frozenset({b"content-length", b"host", b"transfer-encoding"})


class Body(Protocol):
    """Reads a body from the stream, piece by piece."""

    is_complete: bool

    def read(self, buffer: bytes, start: int) -> tuple[bytes, int]:
        """Return the content from `start` on, and the position in `buffer` after what was read.

        Without enough bytes for a step, the content is empty and the position is before the end of
        `buffer`: call again with the bytes from there and more. Raise RefusedRequest.
        """


def of_length(length: int) -> Body:
    """Return the reader of a body of `length` bytes, or CHUNKED."""
    return ChunkedBody() if length == CHUNKED else SizedBody(length)


class SizedBody:
    """A body with a Content-Length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_complete = length == 0

    def read(self, buffer: bytes, start: int) -> tuple[bytes, int]:
        """Return the received part of the body."""
        content = buffer[start : start + self._left]
        self._left -= len(content)
        self.is_complete = self._left == 0
        return content, start + len(content)


class _Step(Enum):
    SIZE = auto()
    DATA = auto()
    END_OF_DATA = auto()
    TRAILER = auto()


class ChunkedBody:
    """A body in chunks. Extensions and trailer fields are checked for their form and dropped."""

    def __init__(self) -> None:
        self._step = _Step.SIZE
        self._left = 0  # bytes of the current chunk
        self._trailers = 0
        self.is_complete = False

    def read(self, buffer: bytes, start: int) -> tuple[bytes, int]:
        """Return the content of the received chunks."""
        pieces = []
        while not self.is_complete and start < len(buffer):
            if self._step is _Step.DATA:
                piece = buffer[start : start + self._left]
                pieces.append(piece)
                start += len(piece)
                self._left -= len(piece)
                if self._left == 0:
                    self._step = _Step.END_OF_DATA
                continue
            end = buffer.find(b"\r\n", start, start + _LONGEST_LINE)
            if end < 0:
                if len(buffer) - start >= _LONGEST_LINE:
                    raise _malformed("A line of the chunked body is too long.")
                break
            self._read_line(buffer[start:end])
            start = end + 2
        return b"".join(pieces), start

    def _read_line(self, line: bytes) -> None:
        """Read a line: a chunk's size, the empty one after its data, or a trailer field."""
        if self._step is _Step.SIZE:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise _malformed("A chunk begins without its size.")
            self._left = int(size[1], 16)
            self._step = _Step.DATA if self._left else _Step.TRAILER
        elif self._step is _Step.END_OF_DATA:
            if line:
                raise _malformed("A chunk is longer than its size.")
            self._step = _Step.SIZE
        elif line:
            self._check_trailer(line)
        else:
            self.is_complete = True

    def _check_trailer(self, line: bytes) -> None:
        self._trailers += 1
        trailer = _TRAILER.fullmatch(line)
        if not trailer or trailer[1].lower() in _NO_TRAILERS or self._trailers > _MOST_TRAILERS:
            raise _malformed("The trailer of the chunked body is malformed.")


def _malformed(description: str) -> RefusedRequest:
    return RefusedRequest(400, description)
