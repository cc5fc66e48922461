"""The guard in front of any ASGI application: a face of `core`.

    app = Protected(app, Guard(issuer="https://login.example.com", ...), Needs.of("read"))

The application finds who calls in `scope["gatepass.principal"]`.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from gatepass.guard.arrived import Arrived
from gatepass.guard.core import Guard
from gatepass.guard.denied import Denial, Denied
from gatepass.guard.exempt import Exempt
from gatepass.guard.needs import NOTHING, Needs, any_of
from gatepass.guard.principal import Principal
from gatepass.wire.params import LONGEST_BODY

__all__ = ["Guard", "Needs", "Principal", "Protected", "any_of"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PRINCIPAL = "gatepass.principal"

_FORM = b"application/x-www-form-urlencoded"
_DENIAL = "websocket.http.response"  # an extension of ASGI: a refusal with status and body


class Protected:
    """Lets requests and WebSockets with a good token through to `app`, and no other.

    `needs` is asked of all of them; paths in `exempt` ("/health", or "/docs/*" for all beneath
    it) need no token. A path is looked at as the server has decoded it; one that an application
    could tidy up into another one is never exempt. Behind a proxy, let the server find the
    caller's address in headers that it trusts.
    """

    def __init__(
        self, app: App, guard: Guard, needs: Needs = NOTHING, *, exempt: Iterable[str] = ()
    ) -> None:
        if needs.organization:
            raise ValueError("the parameters of a path are not known here: compare org_id yourself")
        self._app = app
        self._guard = guard
        self._needs = needs
        self._exempt = Exempt(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer with the refusal."""
        if scope["type"] == "lifespan" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        form, receive = await form_of(scope, receive)
        try:
            caller = await self._guard.aidentify(arrived(scope, form), self._needs)
        except Denied as denied:
            await deny(denied.denial, scope, receive, send)
            return
        await self._app({**scope, PRINCIPAL: caller}, receive, send)


def arrived(scope: Scope, form: str = "") -> Arrived:
    """Give what a guard looks at of an ASGI request or WebSocket; the scope is its context."""
    client = scope.get("client")
    return Arrived(
        authorization=[
            value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"
        ],
        query=scope.get("query_string", b"").decode("latin-1"),
        form=form,
        source=client[0] if client else None,
        method=scope.get("method", "GET"),
        context=scope,
    )


async def form_of(scope: Scope, receive: Receive) -> tuple[str, Receive]:
    """Give a short form's text, to see a token that is sent twice (RFC 6750 §2).

    Comes with what to receive from in place of `receive`, as the application wants the body,
    too. A form of unknown or great length is left alone: no token is ever taken from it.
    """
    headers = dict(scope["headers"])
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    length = headers.get(b"content-length", b"")
    is_short = length.isdigit() and len(length) < 10 and int(length) <= LONGEST_BODY
    if scope["type"] != "http" or media_type != _FORM or not is_short:
        return "", receive
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())
    text = b"".join(message.get("body", b"") for message in messages).decode("latin-1")
    remembered = iter(messages)

    async def again() -> Message:
        return next(remembered, None) or await receive()

    return text, again


async def deny(denial: Denial, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with `denial`; a WebSocket is refused before it is accepted."""
    headers = [(name.lower().encode(), value.encode()) for name, value in denial.headers.items()]
    start, kind = {"status": denial.status, "headers": headers}, "http.response"
    if scope["type"] == "websocket":
        await receive()  # its connect
        if _DENIAL not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})  # the server answers 403
            return
        kind = _DENIAL
    await send({"type": f"{kind}.start", **start})
    await send({"type": f"{kind}.body", "body": denial.body()})
