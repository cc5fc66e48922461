"""Requests and responses of the OAuth endpoints, and how ASGI reads and writes them."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from functools import lru_cache
from typing import Any, NamedTuple

from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_BODY

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

# RFC 6749 §5.1; nosniff so that no browser takes a response for a page.
NO_STORE = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)


_OF_PROOFS = frozenset(
    {
        b"dpop",
        *(b"x-forwarded-" + each for each in (b"method", b"proto", b"host", b"uri")),
        b"x-original-method",
        b"x-original-url",
    }
)
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_SAME_ORIGIN = (b"cross-origin-opener-policy", b"same-origin")


CERTIFICATE = "gatepass.certificate"
"""In a scope: the `ClientCertificate` of the connection, if the client showed one."""


class ClientCertificate(NamedTuple):
    """The leaf certificate with which a client made its TLS connection, as DER.

    `is_validated` says whether its chain leads to an authority that the operator trusts for
    clients, as `tls_client_auth` requires (RFC 8705 §2.1).
    """

    der: bytes
    is_validated: bool


class Below(NamedTuple):
    """What follows the segment that a prefix route reads, with the method of the request.

    `path` is as it was sent, without the query; it begins with the slash that ends the segment.
    """

    method: str
    path: str


class Request(NamedTuple):
    """A request with its whole body; header names are in lower case, as ASGI gives them.

    `certificate` is the client's, from the server's own TLS or from a trusted proxy. `below` is
    that of a request to a prefix route, None for any other.
    """

    headers: dict[bytes, bytes]
    query: bytes
    body: bytes
    source: str
    certificate: ClientCertificate | None = None
    below: Below | None = None


class Response(NamedTuple):
    """A complete HTTP response."""

    status: int
    headers: Headers
    body: bytes


class NeedsThread(NamedTuple):
    """Returned by an endpoint that needs blocking work before it can respond.

    Endpoints are plain functions over what is in memory. The caller runs `work` in a thread (of
    `pool`, if there is one) and calls the endpoint again, which then finds what it needs. On an
    event loop it awaits `together()` instead, if there is that: the same work, done in one piece
    with that of other requests.

    With `then` the caller calls that in place of the endpoint: what may be done once, as a client
    assertion is accepted once, is not done again. Work that `is_remote` waits for another server,
    so its time is not one that the database may take.
    """

    work: Callable[[], object]
    pool: Executor | None = None
    together: Callable[[], "asyncio.Future[None]"] | None = None
    then: Callable[[], "Result"] | None = None
    is_remote: bool = False


class Deferred(NamedTuple):
    """Returned by an endpoint whose response comes later: await what `respond` returns."""

    respond: Callable[[], Awaitable[Response]]


Result = Response | NeedsThread | Deferred


class MethodNotAllowed(OAuthError):
    """The request has another method than `allow`."""

    def __init__(self, allow: str) -> None:
        super().__init__("invalid_request", f"Use {allow}.", status=405)
        self.allow = allow


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole."""


async def read_request(scope: Scope, receive: Receive, longest: int = LONGEST_BODY) -> Request:
    """Read a POST request with its body.

    Raises OAuthError for another method (405), an Authorization header given twice (400) or a
    body over `longest` bytes (413), ClientGoneError if the client closes the connection.
    """
    if scope["method"] != "POST":
        raise MethodNotAllowed("POST")
    pairs = scope["headers"]
    headers = dict(pairs)
    if len(headers) < len(pairs):
        _check_singular(pairs)
        _join_proofs(headers, pairs)
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > longest:
            break
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > longest:
        raise OAuthError("invalid_request", f"The body is over {longest // 1024} KiB.", status=413)
    client = scope["client"]
    source = client[0] if client else ""
    return Request(headers, scope["query_string"], body, source, scope.get(CERTIFICATE))


async def read_get_request(scope: Scope, receive: Receive) -> Request:
    """Read a GET request.

    Raises OAuthError for another method (405) or an Authorization header given twice (400).
    """
    if scope["method"] != "GET":
        raise MethodNotAllowed("GET")
    _check_singular(scope["headers"])
    return await read_head(scope, receive)


async def read_get_or_post(scope: Scope, receive: Receive) -> Request:
    """Read a GET request as `read_get_request`, or a POST request as `read_request`."""
    if scope["method"] not in {"GET", "POST"}:
        raise MethodNotAllowed("GET, POST")
    read = read_request if scope["method"] == "POST" else read_get_request
    return await read(scope, receive)


async def read_head(scope: Scope, _receive: Receive) -> Request:
    """Read a request of any method without its body.

    Several Authorization headers are joined to one list (RFC 9110 §5.3), from which no token is
    read.
    """
    pairs = scope["headers"]
    headers = dict(pairs)
    if len(headers) < len(pairs):
        given = [value for name, value in pairs if name == b"authorization"]
        if len(given) > 1:
            headers[b"authorization"] = b", ".join(given)
        _join_proofs(headers, pairs)
    client = scope["client"]
    source = client[0] if client else ""
    return Request(headers, scope["query_string"], b"", source, scope.get(CERTIFICATE))


def read_head_below(prefix: bytes) -> Callable[[Scope, Receive], Awaitable[Request]]:
    """Return a reader as `read_head` for the paths that begin with `prefix`.

    The segment after the prefix takes the place of the query, as on the fast path.
    """

    async def read(scope: Scope, receive: Receive) -> Request:
        request = await read_head(scope, receive)
        segment, below = split_below(scope["method"], scope["raw_path"], prefix)
        return request._replace(query=segment, below=below)

    return read


def split_below(method: str, raw_path: bytes, prefix: bytes) -> tuple[bytes, Below]:
    """Return the undecoded segment after the prefix of a path, and what follows it."""
    segment, slash, rest = raw_path[len(prefix) :].partition(b"/")
    return segment, Below(method, (slash + rest).decode("latin-1"))


def unchanged(response: Response) -> Response:
    """Return the same response: what adapts errors for callers who can take any."""
    return response


class StatusRecorder:
    """Passes messages on and remembers the status of the response; 0 before there is one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send a message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        return self._send(message)


class SecureSend:
    """Adds the secure headers to every response; `more` are the environment's own."""

    def __init__(self, send: Send, more: Headers) -> None:
        self._send = send
        self._more = more

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send a message."""
        if message["type"] == "http.response.start":
            headers = tuple(message.get("headers", ()))
            message = {**message, "headers": [*headers, *secure_headers(headers, self._more)]}
        return self._send(message)


def secure_headers(headers: Headers, more: Headers) -> Headers:
    """Return the headers that browsers need and a response has not set itself.

    nosniff is on everything, Cross-Origin-Opener-Policy on pages; `more` are the environment's.
    """
    given = dict(headers)
    is_page = given.get(b"content-type", b"").startswith(b"text/html")
    needed = (_NOSNIFF, *more, *((_SAME_ORIGIN,) if is_page else ()))
    return tuple(pair for pair in needed if pair[0] not in given)


@lru_cache(maxsize=256)  # most responses of endpoints have the same headers
def _with_secure_headers(headers: Headers, more: Headers) -> Headers:
    return (*headers, *secure_headers(headers, more))


async def send_response(response: Response, send: Send, more: Headers | None = None) -> None:
    """Write a response; with `more`, the environment's headers, as SecureSend does, but faster."""
    status, headers, body = response
    if more is not None and (more or headers is not NO_STORE):  # which has what is needed
        headers = _with_secure_headers(headers, more)
    if status not in (204, 304):  # they have no content (RFC 9110 §8.6)
        headers = (*headers, (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _join_proofs(headers: dict[bytes, bytes], pairs: list[tuple[bytes, bytes]]) -> None:
    """Put several DPoP headers as one list (RFC 9110 §5.3): that is no proof (RFC 9449 §4.3).

    The same is done with headers that name the request which a proof is for.
    """
    for each in _OF_PROOFS & headers.keys():
        given = [value for name, value in pairs if name == each]
        if len(given) > 1:
            headers[each] = b", ".join(given)


def _check_singular(pairs: list[tuple[bytes, bytes]]) -> None:
    for name in (b"authorization", b"content-type"):
        if sum(each == name for each, _ in pairs) > 1:
            raise OAuthError("invalid_request", f"The {name.decode()} header is given twice.")
