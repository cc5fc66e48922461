"""The head of a request: the request line and the fields, checked (RFC 9112 §2 to §3, §6).

The head is cut out of the stream at its first empty line and parsed by httptools as a whole, so
that no byte after it is parsed with it. An offer to upgrade is ignored (RFC 9110 §7.8): the parser
ends with the head, so it cannot mistake what follows for another protocol.
"""

import re
from typing import Final

try:
    import httptools
except ModuleNotFoundError:  # as on Windows; then uvicorn's protocol serves (see `uvicorn_compat`)
    httptools = None  # type: ignore[assignment]

from gatepass.server.configuration.http_limits import HeadLimits

Fields = list[tuple[bytes, bytes]]

CHUNKED: Final = -1
"""The length of a body that comes in chunks."""

_NO_HTTP = "This is not an HTTP request."
_CR, _HASH, _A = b"\r#A"  # searching for a number is faster than for a byte string
_LONGEST_LENGTH = 18  # digits
_SINGULAR = (b"host", b"content-length", b"transfer-encoding")
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_REQUEST_LINE = 32  # bytes, without the target
_BEGINNING = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,24}(?: |\Z)|\r\Z")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?@]+)((?:[/?].*)?)")


class RefusedRequest(Exception):
    """A request that is refused before the application sees it; the connection ends."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


class Head:
    """A request's head; httptools calls the methods while it parses.

    `fields` has every field in order with its name in lower case; `headers` the last one of each
    name. `length` is the body's in bytes, or CHUNKED.
    """

    version = b"HTTP/1.1"
    length = 0
    is_complete = False
    keep_alive = True
    headers: dict[bytes, bytes]

    def __init__(self, method: bytes, target: bytes) -> None:
        self.method = method
        self.target = target
        self.fields: Fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a field without the white space after its value, which the parser keeps."""
        self.fields.append((name.lower(), value.strip()))

    def on_headers_complete(self) -> None:
        """Record that the parser, too, found a complete head."""
        self.is_complete = True


def check_beginning(buffer: bytes, start: int, searched: int, limits: HeadLimits) -> int:
    """Check the beginning of a head that is not whole; `searched` bytes of it were checked before.

    Return how many bytes need not be searched for the head's end again. Raise RefusedRequest as
    `parse` does.
    """
    size = len(buffer) - start
    if not _BEGINNING.match(buffer, start):
        raise _malformed(_NO_HTTP)
    longest_line = limits.target + _LONGEST_REQUEST_LINE
    if size > longest_line and buffer.find(b"\r\n", start, start + longest_line) < 0:
        raise _too_long_target(limits)
    if size > limits.head:
        raise _too_long_head(limits)
    position = start + searched
    lines = buffer.count(b"\r\n", max(start, position - 1))
    if buffer.count(b"\n", position) > lines:
        raise _malformed(_NO_HTTP)
    return max(0, size - len(_END_OF_HEAD) + 1)


def parse(raw: bytes, limits: HeadLimits) -> Head:
    """Return the head in `raw`, which ends with its first empty line.

    Raise RefusedRequest with the status of the response: 400 if the head is malformed or ambiguous,
    414 or 431 if it is too long, 501 for CONNECT and for transfer codings other than chunked, 505
    for versions other than HTTP/1.0 and HTTP/1.1.
    """
    try:
        method, target, rest = raw.split(b" ", 2)
    except ValueError:
        raise _malformed(_NO_HTTP) from None
    if len(raw) > limits.target:  # most heads are shorter
        _check_length(raw, target, limits)
    head = Head(method, target)
    if rest[:10] != b"HTTP/1.1\r\n":
        head.version = _other_version(rest)
    _parse_fields(head, raw)
    fields = head.fields
    head.headers = headers = dict(fields)
    count = len(fields)
    if len(headers) < count or count > limits.fields:
        _check_fields(fields, limits)
    if b"host" not in headers and head.version == b"HTTP/1.1":
        raise _malformed("A request has a Host field.")
    if _HASH in target or target[:1] != b"/":
        _take_origin_form(head)
    _read_framing(head)
    return head


def _parse_fields(head: Head, raw: bytes) -> None:
    """Check the head with the parser, which calls `head` with each field."""
    parser = httptools.HttpRequestParser(head)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:  # an offer, or CONNECT
        if head.method == b"CONNECT":
            raise RefusedRequest(501, "This server is not a proxy.") from None
    except httptools.HttpParserError as error:
        raise _malformed(_NO_HTTP) from error
    # The parser skips empty lines before a request, and reads one without a version as HTTP/0.9.
    if not head.is_complete or _CR in head.target or raw[0] < _A:
        raise _malformed(_NO_HTTP)


def _check_length(raw: bytes, target: bytes, limits: HeadLimits) -> None:
    if len(target) > limits.target:
        raise _too_long_target(limits)
    if len(raw) > limits.head:
        raise _too_long_head(limits)


def _other_version(rest: bytes) -> bytes:
    """Return the version in the request line; raise RefusedRequest if it is not served."""
    version = rest[: rest.find(b"\r\n")]
    if version == b"HTTP/1.0":
        return version
    if version.startswith(b"HTTP/") and b" " not in version:
        raise RefusedRequest(505, "This port serves HTTP/1.1.")
    raise _malformed(_NO_HTTP)


def _check_fields(fields: Fields, limits: HeadLimits) -> None:
    """Refuse too many fields, and two fields that decide where a request goes or ends."""
    if len(fields) > limits.fields:
        raise RefusedRequest(431, f"The request has over {limits.fields} header fields.")
    names = [name for name, _ in fields]
    for name in _SINGULAR:
        if names.count(name) > 1:
            raise _malformed(f"The field {name.decode()} is given twice.")


def _take_origin_form(head: Head) -> None:
    """Convert a target in another form to path and query (RFC 9112 §3.2).

    The host of a target in absolute form replaces the Host field (§3.2.2).
    """
    if _HASH in head.target:
        raise _malformed("A request target has no fragment.")
    if head.target == b"*" and head.method == b"OPTIONS":
        return
    absolute = _ABSOLUTE.fullmatch(head.target)
    if absolute is None:
        raise _malformed("The request target is not a path.")
    host, rest = absolute.groups()
    if b"host" in head.headers:
        head.fields = [(name, host if name == b"host" else value) for name, value in head.fields]
    else:
        head.fields.insert(0, (b"host", host))
    head.headers[b"host"] = host
    head.target = rest if rest.startswith(b"/") else b"/" + rest


def _check_coding(head: Head) -> None:
    """Refuse a transfer coding with which the end of the body is ambiguous (RFC 9112 §6.1)."""
    if b"content-length" in head.headers or head.version != b"HTTP/1.1":
        raise _malformed("Transfer-Encoding comes without Content-Length, in HTTP/1.1.")
    if head.headers[b"transfer-encoding"].lower() != b"chunked":
        raise RefusedRequest(501, "The only transfer coding served here is chunked.")


def _read_framing(head: Head) -> None:
    """Read the length of the body (RFC 9112 §6.3), and whether the connection ends after it."""
    headers = head.headers
    if b"transfer-encoding" in headers:
        _check_coding(head)
        head.length = CHUNKED
    elif b"content-length" in headers:
        length = headers[b"content-length"]
        if not length.isdigit() or len(length) > _LONGEST_LENGTH:
            raise _malformed("The Content-Length is not a number that is possible.")
        head.length = int(length)
    if b"connection" in headers:
        _read_connection(head)


def _read_connection(head: Head) -> None:
    """Read whether the connection ends after this request (RFC 9112 §9.3)."""
    options = b",".join(value for name, value in head.fields if name == b"connection")
    if b"close" in {option.strip(b" \t").lower() for option in options.split(b",")}:
        head.keep_alive = False


def _too_long_target(limits: HeadLimits) -> RefusedRequest:
    return RefusedRequest(414, f"The request target is over {limits.target} bytes.")


def _too_long_head(limits: HeadLimits) -> RefusedRequest:
    return RefusedRequest(431, f"The request's header is over {limits.head} bytes.")


def _malformed(description: str) -> RefusedRequest:
    return RefusedRequest(400, description)
