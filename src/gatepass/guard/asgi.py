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
from gatepass.guard.model import address
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


class Connection:
    """The headers of an ASGI request, and its client certificate (extension `tls`)."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def header(self, name: str) -> list[str]:
        """Return each value of a header."""
        wanted = name.encode()
        return [value.decode("latin-1") for key, value in self._scope["headers"] if key == wanted]

    def certificate(self) -> str | None:
        """Return the client's certificate in PEM, None without one."""
        tls = (self._scope.get("extensions") or {}).get("tls") or {}
        chain: list[str] = list(tls.get("client_cert_chain") or ())
        return chain[0] if chain else None


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
        self._has_exempt = bool(self._exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or send the error response."""
        if scope["type"] == "lifespan" or (self._has_exempt and path_of(scope) in self._exempt):
            await self._app(scope, receive, send)
            return
        inner = {**scope}  # a middleware in front keeps its own
        cached = find_cached(inner, self._guard, self._requirements)
        if cached is not None:
            inner[PRINCIPAL] = cached
            await self._app(inner, receive, send)
            return
        request, has_form = request_of(scope, _NOTHING, scope)
        if has_form:
            form, receive = await _form_of(receive)
            request = request._replace(form=form)
        try:
            inner[PRINCIPAL] = await request_state.aidentify(
                inner, self._guard, request, self._requirements
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


def find_cached(scope: Scope, guard: Guard, requirements: Requirements) -> Principal | None:
    """Return the caller of a plain request with a cached JWT; None for `request_state.aidentify`.

    Plain is a request with one Authorization header, and without anything in which a token could
    be sent a second time: a form, or an encoded query. No `Request` need be built for it.
    """
    find, query = guard.find_cached, scope.get("query_string")
    if find is None or request_state.KEY in scope:
        return None
    if query and (b"access_token" in query or b"%" in query):
        return None
    authorization: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            if authorization is not None:
                return None
            authorization = value
        elif name == b"content-type" and value != b"application/json":
            return None
    if authorization is None:
        return None
    principal = find(authorization, requirements)
    if principal is not None:
        scope[request_state.KEY] = (guard, (authorization.decode(),), (), principal)
    return principal


def request_of(scope: Scope, path: Mapping[str, object], context: object) -> tuple[Request, bool]:
    """Return what a guard reads of an ASGI request or WebSocket, and whether to read its form.

    `path` has the parameters of the route. A short form is to be read and added, to find a token
    that is sent twice (RFC 6750 §2); one of unknown or great length is not read: no token is ever
    accepted from it.
    """
    authorization, dpop = [], []
    media_type = length = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization.append(value.decode("latin-1"))
        elif name == b"dpop":
            dpop.append(value.decode("latin-1"))
        elif name == b"content-type":
            media_type = value
        elif name == b"content-length":
            length = value
    client, query = scope.get("client"), scope.get("query_string")
    request = Request(
        tuple(authorization),
        query.decode("latin-1") if query else "",
        "",
        client[0] if client else None,
        scope.get("method", "GET"),
        path,
        context,
        tuple(dpop),
        _url_of(scope) if dpop else "",
        Connection(scope),
    )
    has_form = media_type and scope["type"] == "http" and _is_short_form(media_type, length)
    return request, bool(has_form)


def path_of(scope: Scope) -> str:
    """Return the path as the application routes it, without the prefix that it is mounted at."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path", "").rstrip("/")
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        return path[len(prefix) :]
    return path


def _url_of(scope: Scope) -> str:
    """Return the address of a request, "" without one Host header."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return ""
    sent: bytes = scope.get("raw_path") or b""
    path = address.path_as_sent(
        sent.decode("latin-1"), scope["path"].encode("utf-8", "replace").decode("latin-1")
    )
    return address.address(scope.get("scheme", "http"), hosts[0].decode("latin-1"), path)


def _is_short_form(media_type: bytes, length: bytes) -> bool:
    if media_type.partition(b";")[0].strip().lower() != _FORM:
        return False
    return length.isdigit() and len(length) < 10 and int(length) <= LONGEST_BODY


async def _form_of(receive: Receive) -> tuple[str, Receive]:
    """Return a short form's text.

    The second value replaces `receive` for the application, which reads the body as well.
    """
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
