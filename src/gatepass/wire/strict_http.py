"""Strict message framing (RFC 9112) for the `http.server` of the standard library.

`http.server` does not decode chunked bodies and accepts heads that other parsers read differently.
Unread bytes would be parsed as the next request. This handler reads every body whole; it refuses a
request whose length is ambiguous, and closes the connection.
"""

import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase, BytesIO

LONGEST_HEAD = 64 * 1024  # bytes
LONGEST_BODY = 16 * 1024 * 1024  # bytes

_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r?\n")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/1\.[01]\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")
_LONGEST_LINE = 8 * 1024  # bytes


class BadFraming(Exception):
    """A request whose length is ambiguous or too large."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class StrictHandler(BaseHTTPRequestHandler):
    """Refuses ambiguous heads. A method handler calls `read_body` before it answers."""

    raw_requestline: bytes

    def parse_request(self) -> bool:
        """Parse the head; send an error and return False where it is refused."""
        stream = self.rfile
        self.command, self.request_version = "", self.protocol_version
        self.requestline = ""
        self.close_connection = True
        try:
            _check_request_line(self.raw_requestline)
            head = _read_head(stream)
        except BadFraming as error:
            self.send_error(error.status)
            return False
        self.rfile = BytesIO(head)
        try:
            return super().parse_request()
        finally:
            self.rfile = stream

    def read_body(self) -> bytes:
        """Return the whole body, decoded; raise BadFraming and close the connection after it."""
        try:
            return self._read_body(self.rfile)
        except BadFraming:
            self.close_connection = True
            raise

    def _read_body(self, stream: BufferedIOBase) -> bytes:
        lengths = self.headers.get_all("content-length", [])
        encodings = self.headers.get_all("transfer-encoding", [])
        if not encodings:
            return _read_exactly(stream, _length(lengths))
        if lengths or self.request_version != "HTTP/1.1":
            raise BadFraming(HTTPStatus.BAD_REQUEST)
        if [each.strip(" \t").lower() for each in encodings] != ["chunked"]:
            raise BadFraming(HTTPStatus.NOT_IMPLEMENTED)
        return _read_chunks(stream)


def _check_request_line(line: bytes) -> None:
    if not _REQUEST_LINE.fullmatch(line):  # HTTP/0.9 too
        raise BadFraming(HTTPStatus.BAD_REQUEST)


def _read_head(stream: BufferedIOBase) -> bytes:
    head = b""
    while (line := stream.readline(LONGEST_HEAD + 1)) not in _LINE_ENDS:
        head += line
        if len(head) > LONGEST_HEAD:
            raise BadFraming(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not _FIELD.fullmatch(line):
            raise BadFraming(HTTPStatus.BAD_REQUEST)
    return head + line


def _length(lengths: list[str]) -> int:
    if not lengths:
        return 0
    text = lengths[0].strip(" \t")
    if len(lengths) > 1 or not _LENGTH.fullmatch(text):
        raise BadFraming(HTTPStatus.BAD_REQUEST)
    if int(text) > LONGEST_BODY:
        raise BadFraming(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text)


def _read_chunks(stream: BufferedIOBase) -> bytes:
    body = b""
    while size := _chunk_size(stream):
        if len(body) + size > LONGEST_BODY:
            raise BadFraming(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body += _read_exactly(stream, size)
        if stream.readline(_LONGEST_LINE) != b"\r\n":
            raise BadFraming(HTTPStatus.BAD_REQUEST)
    _read_head(stream)  # trailers have the form of a head, and are dropped
    return body


def _chunk_size(stream: BufferedIOBase) -> int:
    found = _CHUNK.fullmatch(stream.readline(_LONGEST_LINE))
    if found is None:
        raise BadFraming(HTTPStatus.BAD_REQUEST)
    return int(found[1], 16)


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:  # the client has closed its side
        raise BadFraming(HTTPStatus.BAD_REQUEST)
    return body
