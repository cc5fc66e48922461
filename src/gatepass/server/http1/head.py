"""The head of a request: the request line and the fields, checked (RFC 9112 §2 to §3, §6).

The head is cut out of the stream at its first empty line and parsed by httptools as a whole, so
that no byte behind it is ever parsed with it. An offer to upgrade is ignored (RFC 9110 §7.8):
the parser ends with the head, so it cannot take what follows for another protocol.
"""

import re
from dataclasses import dataclass
from typing import Final

import httptools

Fields = list[tuple[bytes, bytes]]

CHUNKED: Final = -1
"""The length of a body that comes in chunks."""

_SINGULAR = (b"host", b"content-length", b"transfer-encoding")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?@]+)((?:[/?].*)?)")


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """How long a request's head may be."""

    target: int = 8 * 1024  # bytes
    head: int = 64 * 1024  # bytes, with the request line and the empty line at the end
    fields: int = 100


class RefusedRequest(Exception):
    """A request that is refused before the application sees it; the connection ends."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


class Head:
    """A request's head, which is also what the ASGI cycle of uvicorn asks its parser for.

    `fields` has every field in its order with its name in lower case; `headers` the last one of
    each name. `length` is the body's in bytes, or CHUNKED.
    """

    __slots__ = ("fields", "headers", "keep_alive", "length", "method", "target", "version")

    def __init__(
        self,
        method: bytes,
        target: bytes,
        version: bytes,
        fields: Fields,
        headers: dict[bytes, bytes],
        length: int,
        keep_alive: bool,  # noqa: FBT001
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.headers = headers
        self.length = length
        self.keep_alive = keep_alive


class _Collector:
    """What httptools calls."""

    __slots__ = ("fields", "is_complete")

    def __init__(self) -> None:
        self.fields: Fields = []
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def parse(raw: bytes, limits: HeadLimits) -> Head:
    """Return the head in `raw`, which ends with its first empty line.

    Raises RefusedRequest with the status to answer: 400 for what is malformed or ambiguous, 414
    and 431 for what is too long, 501 for CONNECT and for transfer codings other than chunked,
    505 for another version than HTTP/1.0 and HTTP/1.1.
    """
    line = raw[: raw.find(b"\r\n")]
    try:
        method, target, version = line.split(b" ")
    except ValueError:
        raise _malformed("The request line is not METHOD, TARGET and VERSION.") from None
    if len(target) > limits.target:
        raise RefusedRequest(414, f"The request target is over {limits.target} bytes.")
    if len(raw) > limits.head:
        raise RefusedRequest(431, f"The request's header is over {limits.head} bytes.")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise RefusedRequest(505, "This port serves HTTP/1.1.")
    fields, keep_alive = _parse_fields(raw)
    if len(fields) > limits.fields:
        raise RefusedRequest(431, f"The request has over {limits.fields} header fields.")
    headers = dict(fields)
    if len(headers) < len(fields):
        _check_singular(fields)
    if target[:1] != b"/" or b"#" in target:
        target = _origin_form(method, target, fields, headers)
    if b"host" not in headers and version == b"HTTP/1.1":
        raise _malformed("A request has a Host field.")
    length = _body_length(headers, version)
    return Head(method, target, version, fields, headers, length, keep_alive)


def _parse_fields(raw: bytes) -> tuple[Fields, bool]:
    """Return the fields, and whether the connection persists (RFC 9112 §9.3)."""
    collector = _Collector()
    parser = httptools.HttpRequestParser(collector)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass  # an offer, or CONNECT, which is refused by its method
    except httptools.HttpParserError as error:
        raise _malformed("This is not an HTTP request.") from error
    if not collector.is_complete:
        raise _malformed("This is not an HTTP request.")
    return collector.fields, parser.should_keep_alive()


def _check_singular(fields: Fields) -> None:
    """Refuse a field that says where a request goes or ends, if it comes twice."""
    names = [name for name, _ in fields]
    for name in _SINGULAR:
        if names.count(name) > 1:
            raise _malformed(f"The field {name.decode()} is given twice.")


def _origin_form(
    method: bytes, target: bytes, fields: Fields, headers: dict[bytes, bytes]
) -> bytes:
    """Return path and query of a target in another form (RFC 9112 §3.2).

    The host of a target in absolute form replaces the Host field (§3.2.2).
    """
    if b"#" in target:
        raise _malformed("A request target has no fragment.")
    if method == b"CONNECT":
        raise RefusedRequest(501, "This server is not a proxy.")
    if target == b"*" and method == b"OPTIONS":
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise _malformed("The request target is not a path.")
    host, rest = absolute.groups()
    if b"host" in headers:
        fields[:] = [(name, host if name == b"host" else value) for name, value in fields]
    else:
        fields.insert(0, (b"host", host))
    headers[b"host"] = host
    return bytes(rest) if rest.startswith(b"/") else b"/" + rest


def _body_length(headers: dict[bytes, bytes], version: bytes) -> int:
    """Return how long the body is (RFC 9112 §6.3)."""
    coding = headers.get(b"transfer-encoding")
    given = headers.get(b"content-length")
    if coding is None:
        if given is None:
            return 0
        if not given.isdigit():
            raise _malformed("The Content-Length is not a number.")
        return int(given)
    if given is not None or version != b"HTTP/1.1":
        raise _malformed("Transfer-Encoding comes without Content-Length, in HTTP/1.1.")
    if coding.lower() != b"chunked":
        raise RefusedRequest(501, "The only transfer coding served here is chunked.")
    return CHUNKED


def _malformed(description: str) -> RefusedRequest:
    return RefusedRequest(400, description)
