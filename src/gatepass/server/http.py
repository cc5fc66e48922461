"""How a request of an OAuth endpoint comes in and its answer goes out, on bare ASGI."""

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

# RFC 6749 §5.1; nosniff so that no browser takes an answer for a page.
NO_STORE = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)


_NOSNIFF = (b"x-content-type-options", b"nosniff")
_SAME_ORIGIN = (b"cross-origin-opener-policy", b"same-origin")


class Request(NamedTuple):
    """A request with its whole body; header names are in lower case, as ASGI gives them."""

    headers: dict[bytes, bytes]
    query: bytes
    body: bytes
    source: str


class Response(NamedTuple):
    """A complete HTTP response."""

    status: int
    headers: Headers
    body: bytes


class NeedsThread(Exception):
    """An endpoint needs what must not hold up the event loop: `work`, which blocks.

    Endpoints are plain functions over what is in memory. Whoever called one runs `work` in a
    thread (of `pool`, if there is one) and calls the endpoint anew, which then finds what it
    needs.
    """

    def __init__(self, work: Callable[[], object], pool: Executor | None = None) -> None:
        super().__init__()
        self.work = work
        self.pool = pool


class Deferred(Exception):
    """An endpoint has done what it does at once; its answer comes when `answer` is awaited."""

    def __init__(self, answer: Callable[[], Awaitable[Response]]) -> None:
        super().__init__()
        self.answer = answer


class MethodNotAllowed(OAuthError):
    """The request has another method than `allow`."""

    def __init__(self, allow: str) -> None:
        super().__init__("invalid_request", f"Use {allow}.", status=405)
        self.allow = allow


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole."""


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read a POST request whole.

    Raises OAuthError for another method (405), an Authorization header given twice (400) or a
    body over 64 KiB (413).
    """
    if scope["method"] != "POST":
        raise MethodNotAllowed("POST")
    pairs = scope["headers"]
    headers = dict(pairs)
    if len(headers) < len(pairs):
        _check_singular(pairs)
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LONGEST_BODY:
            break
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > LONGEST_BODY:
        raise OAuthError("invalid_request", "The body is over 64 KiB.", status=413)
    client = scope["client"]
    return Request(headers, scope["query_string"], body, client[0] if client else "")


async def read_get_request(scope: Scope, receive: Receive) -> Request:
    """Take a GET request; raise OAuthError for another method (405), and as `arrive` does."""
    if scope["method"] != "GET":
        raise MethodNotAllowed("GET")
    _check_singular(scope["headers"])
    return await pass_by(scope, receive)


async def pass_by(scope: Scope, _receive: Receive) -> Request:
    """Take a request of any method by its head alone.

    Several Authorization headers are taken for one with a list (RFC 9110 §5.3), which is none
    that a token is read from.
    """
    pairs = scope["headers"]
    headers = dict(pairs)
    if len(headers) < len(pairs):
        given = [value for name, value in pairs if name == b"authorization"]
        if len(given) > 1:
            headers[b"authorization"] = b", ".join(given)
    client = scope["client"]
    return Request(headers, scope["query_string"], b"", client[0] if client else "")


def pass_under(start: bytes) -> Callable[[Scope, Receive], Awaitable[Request]]:
    """Give what takes a request as `pass_by` does, under a path that begins with `start`.

    The next segment of the path stands for the query, as the lane has it.
    """

    async def under(scope: Scope, receive: Receive) -> Request:
        arrived = await pass_by(scope, receive)
        return arrived._replace(query=next_segment(scope["raw_path"], start))

    return under


def next_segment(raw_path: bytes, start: bytes) -> bytes:
    """Give the segment after `start`, with which the path begins, as it came."""
    return raw_path[len(start) :].partition(b"/")[0]


def as_it_is(answer: Response) -> Response:
    """Give the same answer: most callers can take any."""
    return answer


class StatusRecorder:
    """Passes an answer on, and remembers its status; 0 while there is none."""

    def __init__(self, to: Send) -> None:
        self._to = to
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send a message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        return self._to(message)


class SecureSend:
    """Adds the secure headers to every response; `more` are the environment's own."""

    def __init__(self, to: Send, more: Headers) -> None:
        self._to = to
        self._more = more

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send a message."""
        if message["type"] == "http.response.start":
            headers = tuple(message.get("headers", ()))
            message = {**message, "headers": [*headers, *secure_headers(headers, self._more)]}
        return self._to(message)


def secure_headers(headers: Headers, more: Headers) -> Headers:
    """Return the headers that browsers need and a response has not set itself.

    nosniff is on everything, Cross-Origin-Opener-Policy on pages; `more` are the environment's.
    """
    given = dict(headers)
    is_page = given.get(b"content-type", b"").startswith(b"text/html")
    wanted = (_NOSNIFF, *more, *((_SAME_ORIGIN,) if is_page else ()))
    return tuple(pair for pair in wanted if pair[0] not in given)


@lru_cache(maxsize=256)  # most responses of endpoints have the same headers
def _with_secure_headers(headers: Headers, more: Headers) -> Headers:
    return (*headers, *secure_headers(headers, more))


async def send(answer: Response, to: Send, more: Headers | None = None) -> None:
    """Write a response; with `more`, the environment's headers, as SecureSend does, but quicker."""
    status, headers, body = answer
    if more is not None:
        headers = _with_secure_headers(headers, more)
    if status not in (204, 304):  # they have no content (RFC 9110 §8.6)
        headers = (*headers, (b"content-length", b"%d" % len(body)))
    await to({"type": "http.response.start", "status": status, "headers": headers})
    await to({"type": "http.response.body", "body": body})


def _check_singular(pairs: list[tuple[bytes, bytes]]) -> None:
    for name in (b"authorization", b"content-type"):
        if sum(each == name for each, _ in pairs) > 1:
            raise OAuthError("invalid_request", f"The {name.decode()} header is given twice.")
