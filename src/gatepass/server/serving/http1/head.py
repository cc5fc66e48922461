"""The head of a request: the request line and the fields, checked (RFC 9112 §2 to §3, §6).

The head is cut out of the stream at its first empty line and parsed by httptools as a whole, so
that no byte behind it is ever parsed with it. An offer to upgrade is ignored (RFC 9110 §7.8):
the parser ends with the head, so it cannot take what follows for another protocol.
"""

import re
from typing import Final

try:
    import httptools
except ModuleNotFoundError:  # as on Windows; then uvicorn's protocol serves (see `footing`)
    httptools = None  # type: ignore[assignment]

from gatepass.server.configuration.http_limits import HeadLimits

Fields = list[tuple[bytes, bytes]]

CHUNKED: Final = -1
"""The length of a body that comes in chunks."""

_NO_HTTP = "This is not an HTTP request."
_CR, _HASH, _A = b"\r#A"  # to look for a number is quicker than to look for a byte string
_LONGEST_LENGTH = 18  # digits
_SINGULAR = (b"host", b"content-length", b"transfer-encoding")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?@]+)((?:[/?].*)?)")


class RefusedRequest(Exception):
    """A request that is refused before the application sees it; the connection ends."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


class Head:
    """A request's head; httptools calls the methods while it parses.

    `fields` has every field in its order with its name in lower case; `headers` the last one of
    each name. `length` is the body's in bytes, or CHUNKED.
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
        """Keep a field without the white space behind its value, which the parser leaves."""
        self.fields.append((name.lower(), value.strip()))

    def on_headers_complete(self) -> None:
        """Note that the parser, too, takes this for a whole head."""
        self.is_complete = True


def parse(raw: bytes, limits: HeadLimits) -> Head:
    """Return the head in `raw`, which ends with its first empty line.

    Raises RefusedRequest with the status to answer: 400 for what is malformed or ambiguous, 414
    and 431 for what is too long, 501 for CONNECT and for transfer codings other than chunked,
    505 for another version than HTTP/1.0 and HTTP/1.1.
    """
    try:
        method, target, rest = raw.split(b" ", 2)
    except ValueError:
        raise _malformed(_NO_HTTP) from None
    if len(raw) > limits.target:  # most are shorter in all
        _check_length(raw, target, limits)
    head = Head(method, target)
    if not rest.startswith(b"HTTP/1.1\r\n"):
        head.version = _other_version(rest)
    _parse_fields(head, raw)
    fields = head.fields
    head.headers = headers = dict(fields)
    count = len(fields)
    if len(headers) < count or count > limits.fields:
        _check_fields(fields, limits)
    if b"host" not in headers and head.version == b"HTTP/1.1":
        raise _malformed("A request has a Host field.")
    if _HASH in target or not target.startswith(b"/"):
        _take_origin_form(head)
    _read_framing(head)
    return head


def _parse_fields(head: Head, raw: bytes) -> None:
    """Have the parser check the head and find its fields."""
    parser = httptools.HttpRequestParser(head)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:  # an offer, or CONNECT
        if head.method == b"CONNECT":
            raise RefusedRequest(501, "This server is not a proxy.") from None
    except httptools.HttpParserError as error:
        raise _malformed(_NO_HTTP) from error
    # The parser skips empty lines before a request, and takes one without a version for HTTP/0.9.
    if not head.is_complete or _CR in head.target or raw[0] < _A:
        raise _malformed(_NO_HTTP)


def _check_length(raw: bytes, target: bytes, limits: HeadLimits) -> None:
    if len(target) > limits.target:
        raise RefusedRequest(414, f"The request target is over {limits.target} bytes.")
    if len(raw) > limits.head:
        raise RefusedRequest(431, f"The request's header is over {limits.head} bytes.")


def _other_version(rest: bytes) -> bytes:
    """Return the version with which the request line ends, if it is served."""
    version = rest[: rest.find(b"\r\n")]
    if version == b"HTTP/1.0":
        return version
    if version.startswith(b"HTTP/") and b" " not in version:
        raise RefusedRequest(505, "This port serves HTTP/1.1.")
    raise _malformed(_NO_HTTP)


def _check_fields(fields: Fields, limits: HeadLimits) -> None:
    """Refuse too many, and one that says where a request goes or ends if it comes twice."""
    if len(fields) > limits.fields:
        raise RefusedRequest(431, f"The request has over {limits.fields} header fields.")
    names = [name for name, _ in fields]
    for name in _SINGULAR:
        if names.count(name) > 1:
            raise _malformed(f"The field {name.decode()} is given twice.")


def _take_origin_form(head: Head) -> None:
    """Make path and query of a target in another form (RFC 9112 §3.2).

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
    """Refuse a transfer coding that leaves a doubt where the body ends (RFC 9112 §6.1)."""
    if b"content-length" in head.headers or head.version != b"HTTP/1.1":
        raise _malformed("Transfer-Encoding comes without Content-Length, in HTTP/1.1.")
    if head.headers[b"transfer-encoding"].lower() != b"chunked":
        raise RefusedRequest(501, "The only transfer coding served here is chunked.")


def _read_framing(head: Head) -> None:
    """Note how long the body is (RFC 9112 §6.3), and whether the connection ends behind it."""
    headers = head.headers
    if b"transfer-encoding" in headers:
        _check_coding(head)
        head.length = CHUNKED
    elif b"content-length" in headers:
        given = headers[b"content-length"]
        if not given.isdigit() or len(given) > _LONGEST_LENGTH:
            raise _malformed("The Content-Length is not a number that is possible.")
        head.length = int(given)
    if b"connection" in headers:
        _read_connection(head)


def _read_connection(head: Head) -> None:
    """Note whether the connection ends with this request (RFC 9112 §9.3)."""
    options = b",".join(value for name, value in head.fields if name == b"connection")
    if b"close" in {option.strip(b" \t").lower() for option in options.split(b",")}:
        head.keep_alive = False


def _malformed(description: str) -> RefusedRequest:
    return RefusedRequest(400, description)
