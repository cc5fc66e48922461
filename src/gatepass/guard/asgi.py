"""The guard in front of any ASGI application: an adapter of `core`.

    app = Protected(app, Guard(issuer="https://login.example.com", ...), Requirements.of("read"))

The application finds the caller in `scope["gatepass.principal"]`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, TypeAlias

from gatepass.guard.core import request_state
from gatepass.guard.core.exempt_paths import ExemptPaths
from gatepass.guard.core.guard import Guard
from gatepass.guard.core.resource_metadata import HEADERS, document
from gatepass.guard.model.error_response import Denied, ErrorResponse
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import NOTHING, Requirements, any_of
from gatepass.wire.params import LONGEST_BODY

__all__ = ["Guard", "MetadataMiddleware", "Principal", "Protected", "Requirements", "any_of"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PRINCIPAL = "gatepass.principal"

_NOTHING: Mapping[str, object] = MappingProxyType({})
_FORM = b"application/x-www-form-urlencoded"
_DENIAL_RESPONSE = "websocket.http.response"  # an extension of ASGI


class Protected:
    """Lets requests and WebSockets with a good token through to `app`, and no other.

    All of them must fulfil `requirements`; paths in `exempt` ("/health", or "/docs/*" for all
    beneath it) need no token. A path is compared as the server has decoded it, without the prefix
    that the application is mounted at (`root_path`); a path that an application could normalize
    to another one is never exempt. No method is exempt: a CORS preflight has no token, so put the
    CORS middleware in front of this one. Behind a proxy, let the server find the caller's address
    in headers that it trusts.
    """

    def __init__(
        self,
        app: App,
        guard: Guard,
        requirements: Requirements = NOTHING,
        *,
        exempt: Iterable[str] = (),
    ) -> None:
        if requirements.organization:
            raise ValueError("the parameters of a path are not known here: compare org_id yourself")
        self._app = app
        self._guard = guard
        self._requirements = requirements
        self._exempt = ExemptPaths(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or send the error response."""
        if scope["type"] == "lifespan" or path_of(scope) in self._exempt:
            await self._app(scope, receive, send)
            return
        form, receive = await form_of(scope, receive)
        inner = {**scope}  # a middleware in front keeps its own
        try:
            inner[PRINCIPAL] = await request_state.aidentify(
                inner, self._guard, request_of(scope, form), self._requirements
            )
        except Denied as denied:
            await deny(denied.error_response, scope, receive, send)
            return
        await self._app(inner, receive, send)


class MetadataMiddleware:
    """Serves the metadata of the guard's resource (RFC 9728 §3); passes other requests to `app`.

    Put it in front of `Protected`, as the document needs no token. It answers GET and HEAD at the
    path of `resource_metadata`, under any prefix that the application is mounted at. `scopes` are
    those that the API uses. Raises ValueError for a guard without a `resource`.
    """

    def __init__(self, app: App, guard: Guard, scopes: Iterable[str] = ()) -> None:
        self._app = app
        self._document = document(guard, scopes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the document, or pass the request on."""
        is_read = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        if not is_read or self._document.path not in {scope["path"], path_of(scope)}:
            await self._app(scope, receive, send)
            return
        body = self._document.body
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown})


def request_of(
    scope: Scope, form: str = "", path: Mapping[str, object] = _NOTHING, context: object = None
) -> Request:
    """Return what a guard reads of an ASGI request or WebSocket.

    Its context is the scope unless given; `path` has the parameters of the route.
    """
    client, query = scope.get("client"), scope.get("query_string")
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    authorization = (value.decode("latin-1") for name, value in headers if name == b"authorization")
    return Request(
        authorization=tuple(authorization),
        query=query.decode("latin-1") if query else "",
        form=form,
        source=client[0] if client else None,
        method=scope.get("method", "GET"),
        path=path,
        context=scope if context is None else context,
    )


def path_of(scope: Scope) -> str:
    """Return the path as the application routes it, without the prefix that it is mounted at."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path", "").rstrip("/")
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        return path[len(prefix) :]
    return path


def has_short_form(scope: Scope) -> bool:
    """Return whether the body is a form to be read, to find a token that is sent twice.

    A form of unknown or great length is not read: no token is ever accepted from it.
    """
    media_type = length = b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_type = value
        elif name == b"content-length":
            length = value
    if not media_type or scope["type"] != "http":
        return False
    if media_type.partition(b";")[0].strip().lower() != _FORM:
        return False
    return length.isdigit() and len(length) < 10 and int(length) <= LONGEST_BODY


async def form_of(scope: Scope, receive: Receive) -> tuple[str, Receive]:
    """Return a short form's text, to find a token that is sent twice (RFC 6750 §2).

    The second value replaces `receive` for the application, which reads the body as well.
    """
    if not has_short_form(scope):
        return "", receive
    messages: list[Message] = []
    size = 0  # as a server may not hold a body to its length
    while size <= LONGEST_BODY and (not messages or messages[-1].get("more_body")):
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
    text = b"".join(message.get("body", b"") for message in messages).decode("latin-1")
    received = iter(messages)

    async def replay() -> Message:
        return next(received, None) or await receive()

    return text, replay


async def deny(response: ErrorResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Send `response`; a WebSocket is refused before it is accepted."""
    headers = [(name.lower().encode(), value.encode()) for name, value in response.headers.items()]
    start, kind = {"status": response.status, "headers": headers}, "http.response"
    if scope["type"] == "websocket":
        await receive()  # its connect
        if _DENIAL_RESPONSE not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})  # the server answers 403
            return
        kind = _DENIAL_RESPONSE
    await send({"type": f"{kind}.start", **start})
    await send({"type": f"{kind}.body", "body": response.body()})
