"""The guard in Starlette, beyond what all adapters have in common; WebSockets too."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gatepass.guard.core.rate_limit import RateLimit
from gatepass.guard.starlette import Guard
from gatepass.guard.testing import FakeIssuer
from guard.http_server import serving

Endpoint = Callable[[Request], Awaitable[Response]]


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


@pytest.fixture
def guard(issuer: FakeIssuer) -> Iterator[Guard]:
    with Guard(**issuer.options()) as made:
        yield made


def bearer(issuer: FakeIssuer, scope: str = "read") -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.mint(scope)}"}


async def who(request: Request) -> Response:
    return PlainTextResponse(request.state.principal.client_id)


async def body(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def by_body(request: Request) -> None:
    await request.body()


async def by_form(request: Request) -> None:
    await request.form()


async def by_stream(request: Request) -> None:
    async for _ in request.stream():
        pass


def after(read: Callable[[Request], Awaitable[None]], endpoint: Endpoint) -> Endpoint:
    """Return `endpoint` below a decorator that reads the request first."""

    async def logged(request: Request) -> Response:
        await read(request)
        return await endpoint(request)

    return logged


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.parametrize(("read", "twice"), [(by_body, 400), (by_form, 400), (by_stream, 200)])
def test_a_body_that_was_read_before_is_not_waited_for(
    issuer: FakeIssuer,
    guard: Guard,
    read: Callable[[Request], Awaitable[None]],
    twice: int,
) -> None:
    endpoint = after(read, guard.requires("read")(who))

    with serving(Starlette(routes=[Route("/", endpoint, methods=["POST"])])) as address:
        good = httpx2.post(address, data={"a": "1"}, headers=bearer(issuer))
        bad = httpx2.post(address, data={"access_token": "x"}, headers=bearer(issuer))

    assert (good.status_code, good.text) == (200, "test-application")
    assert bad.status_code == twice  # what was read as a stream is gone


def test_who_hangs_up_in_the_middle_of_a_form_is_refused_as_anybody(guard: Guard) -> None:
    gone: list[Message] = [
        {"type": "http.request", "body": b"name=", "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", b"50"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    sent: list[Message] = []

    async def receive() -> Message:
        return gone.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    app = Starlette(routes=[Route("/", guard.requires("read")(who), methods=["POST"])])
    asyncio.run(app(scope, receive, send))

    assert sent[0]["status"] == 401


def test_a_connection_whose_body_nobody_can_read_is_judged_by_its_head(
    issuer: FakeIssuer, guard: Guard
) -> None:
    headers = [
        (b"authorization", bearer(issuer)["Authorization"].encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", b"50"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}

    @guard.requires("read")
    async def name(connection: HTTPConnection) -> str:
        found: str = connection.state.principal.client_id
        return found

    assert asyncio.run(name(HTTPConnection(scope))) == "test-application"


def test_an_endpoint_may_be_called_by_keyword(issuer: FakeIssuer, guard: Guard) -> None:
    guarded = guard.requires("read")(who)

    async def wrapped(request: Request) -> Response:
        return await guarded(request=request)

    client = TestClient(Starlette(routes=[Route("/", wrapped)]))

    assert client.get("/", headers=bearer(issuer)).text == "test-application"
    assert client.get("/").status_code == 401


def test_an_endpoint_without_a_request_is_a_mistake_that_says_so(guard: Guard) -> None:
    async def nothing() -> None:
        raise NotImplementedError

    with pytest.raises(TypeError, match="request"):
        asyncio.run(guard.requires("read")(nothing)())


def test_a_class_is_a_mistake_that_says_so(guard: Guard) -> None:
    with pytest.raises(TypeError, match="methods"):
        guard.requires("read")(HTTPEndpoint)


def twice_and_before(guard: Guard) -> TestClient:
    """Return a client of an endpoint behind two decorators and the middleware of one guard."""
    endpoint = guard.requires("read")(guard.requires("write")(body))
    routes = [Route("/", endpoint, methods=["POST"])]
    return TestClient(Starlette(routes=routes, middleware=[guard.middleware("read")]))


def test_decorators_and_the_middleware_count_as_one_request(issuer: FakeIssuer) -> None:
    with Guard(**issuer.options(rate=RateLimit("1/hour"))) as guard:
        client = twice_and_before(guard)
        headers = bearer(issuer, "read write")

        assert client.post("/", data={"a": "1"}, headers=headers).text == "a=1"
        assert client.post("/", data={"a": "1"}, headers=headers).status_code == 429


def test_each_decorator_asks_for_its_own_scope(issuer: FakeIssuer, guard: Guard) -> None:
    answer = twice_and_before(guard).post("/", headers=bearer(issuer, "read"))

    assert answer.status_code == 403
    assert 'scope="write"' in answer.headers["www-authenticate"]


def test_another_guard_does_not_take_the_word_of_the_first(
    issuer: FakeIssuer, guard: Guard
) -> None:
    with FakeIssuer() as other, Guard(**other.options()) as second:
        routes: list[BaseRoute] = [Route("/", second.requires()(who))]
        client = TestClient(Starlette(routes=routes, middleware=[guard.middleware("read")]))

        assert client.get("/", headers=bearer(issuer)).status_code == 401


def test_other_headers_are_another_request(issuer: FakeIssuer, guard: Guard) -> None:
    """As where an application has parts of a batch answered by itself."""
    inner = Starlette(routes=[Route("/", guard.requires()(who))])

    async def batch(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, "headers": []}, receive, send)

    client = TestClient(
        Starlette(routes=[], middleware=[guard.middleware(), Middleware(_Of(batch))])
    )

    assert client.get("/", headers=bearer(issuer)).status_code == 401


class _Of:
    """Gives a middleware that is `app`, whatever application is behind it."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    def __call__(self, _behind: object) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        return self._app


def test_a_cors_preflight_is_answered_by_what_stands_before_the_guard(guard: Guard) -> None:
    cors = Middleware(CORSMiddleware, allow_origins=["https://app.example.com"])
    app = Starlette(routes=[Route("/", who)], middleware=[cors, guard.middleware()])
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}

    client = TestClient(app)

    assert client.options("/", headers=asked).status_code == 200
    refused = client.get("/", headers={"Origin": "https://app.example.com"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://app.example.com"


def test_a_guard_tells_how_it_is(guard: Guard) -> None:
    assert guard.status().cached_introspections == 0


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.state.principal.client_id)
    await socket.close()


def rooms(guard: Guard, kind: str) -> Starlette:
    """Return an application with one WebSocket, behind the decorator or the middleware."""
    if kind == "decorator":
        return Starlette(routes=[WebSocketRoute("/talk", guard.requires("read")(talk))])
    return Starlette(routes=[WebSocketRoute("/talk", talk)], middleware=[guard.middleware("read")])


@pytest.mark.parametrize("kind", ["decorator", "middleware"])
def test_a_websocket_with_a_good_token_is_let_in(
    issuer: FakeIssuer, guard: Guard, kind: str
) -> None:
    client = TestClient(rooms(guard, kind))

    with client.websocket_connect("/talk", headers=bearer(issuer)) as socket:
        assert socket.receive_text() == "test-application"


@pytest.mark.parametrize("kind", ["decorator", "middleware"])
@pytest.mark.parametrize(("scope", "status"), [("write", 403), (None, 401)])
def test_a_websocket_without_a_good_token_is_refused_before_it_is_accepted(
    issuer: FakeIssuer, guard: Guard, kind: str, scope: str | None, status: int
) -> None:
    headers = {} if scope is None else bearer(issuer, scope)

    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        TestClient(rooms(guard, kind)).websocket_connect("/talk", headers=headers),
    ):
        pass

    assert refused.value.status_code == status
    assert refused.value.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("kind", ["decorator", "middleware"])
def test_a_server_that_cannot_deny_a_websocket_with_words_closes_it(
    guard: Guard, kind: str
) -> None:
    app = rooms(guard, kind)

    async def without_extensions(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    with (
        pytest.raises(WebSocketDisconnect) as closed,
        TestClient(without_extensions).websocket_connect("/talk"),
    ):
        pass

    assert closed.value.code == 1008
