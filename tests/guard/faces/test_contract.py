"""Every face of the guard by one contract, over real HTTP (RFC 6750, RFC 9728)."""

import asyncio
import logging
from collections.abc import Iterator

import flask
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from gatepass.guard import core
from gatepass.guard.asgi import Protected as AsgiProtected
from gatepass.guard.flask import Guard as FlaskGuard
from gatepass.guard.flask import principal
from gatepass.guard.needs import Needs
from gatepass.guard.starlette import Guard as StarletteGuard
from gatepass.guard.wsgi import Protected as WsgiProtected
from guard.faces.apis import FACES, WHOLE, Options
from guard.pretend import CLIENT_ID, CLIENT_SECRET, Pretend

TOKEN = "gpa_live_t0ken"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
METADATA = "https://api.example.com/.well-known/oauth-protected-resource"


@pytest.fixture
def options(server: Pretend) -> Options:
    return {
        "issuer": server.issuer,
        "resource": "https://api.example.com",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "remember": 0,
    }


@pytest.fixture(params=FACES)
def api(request: pytest.FixtureRequest, options: Options) -> Iterator[httpx2.Client]:
    with FACES[request.param](options) as address, httpx2.Client(base_url=address) as client:
        yield client


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest, options: Options) -> Iterator[httpx2.Client]:
    with WHOLE[request.param](options) as address, httpx2.Client(base_url=address) as client:
        yield client


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_a_good_token_passes_and_says_who_calls(
    server: Pretend, api: httpx2.Client, scheme: str
) -> None:
    server.knows(TOKEN)

    answer = api.get("/meters", headers={"Authorization": scheme + TOKEN})

    assert (answer.status_code, answer.json()) == (200, {"client_id": "acme-billing"})


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}])
def test_without_a_token_there_is_a_challenge_without_an_error(
    api: httpx2.Client, headers: dict[str, str]
) -> None:
    answer = api.get("/meters", headers=headers)

    challenge = answer.headers["www-authenticate"]
    assert answer.status_code == 401
    assert challenge.startswith("Bearer ")
    assert "error=" not in challenge
    assert f'resource_metadata="{METADATA}"' in challenge
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("text", [TOKEN, "nonsense", "a.b.c"])
def test_a_token_that_is_not_active_is_invalid(api: httpx2.Client, text: str) -> None:
    answer = api.get("/meters", headers={"Authorization": f"Bearer {text}"})

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_missing_scope_is_named(server: Pretend, api: httpx2.Client) -> None:
    server.knows(TOKEN, scope="write")

    answer = api.get("/meters", headers=BEARER)

    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="read"' in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "2")
def test_a_token_in_the_query_is_refused(server: Pretend, api: httpx2.Client) -> None:
    server.knows(TOKEN)

    assert api.get(f"/meters?access_token={TOKEN}").status_code in {400, 401}
    assert api.get(f"/meters?access_token={TOKEN}", headers=BEARER).status_code == 400


@pytest.mark.spec("RFC 6750", "2")
def test_a_token_in_header_and_form_is_refused(server: Pretend, api: httpx2.Client) -> None:
    server.knows(TOKEN)

    answer = api.post("/echo", headers=BEARER | FORM, content=f"access_token={TOKEN}".encode())

    assert answer.status_code == 400


def test_two_authorization_headers_are_refused(server: Pretend, api: httpx2.Client) -> None:
    server.knows(TOKEN)

    answer = api.get("/meters", headers=[("Authorization", BEARER["Authorization"])] * 2)

    assert answer.status_code in {400, 401}


@pytest.mark.parametrize("kind", [FORM, {"Content-Type": "text/plain"}])
def test_the_body_arrives_whole(server: Pretend, api: httpx2.Client, kind: dict[str, str]) -> None:
    server.knows(TOKEN)

    assert api.post("/echo", headers=BEARER | kind, content=b"a=1&b=2").content == b"a=1&b=2"


def test_what_is_exempt_needs_no_token(api: httpx2.Client) -> None:
    assert api.get("/health").text == "well"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
def test_no_method_goes_without_a_token(api: httpx2.Client, method: str) -> None:
    assert api.request(method, "/meters").status_code in {200, 401, 405}
    assert api.request(method, "/meters").content in {b"", b"Method Not Allowed"} or (
        b"acme" not in api.request(method, "/meters").content
    )


def test_while_the_server_is_away_nobody_passes(server: Pretend, api: httpx2.Client) -> None:
    server.redirects(TOKEN)  # to where every token is good

    answer = api.get("/meters", headers=BEARER)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "www-authenticate" not in answer.headers


def test_no_token_is_logged(
    server: Pretend, api: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "gatepass.guard")
    server.knows(TOKEN, scope="write")
    api.get("/meters", headers=BEARER)
    api.get("/meters", headers={"Authorization": "Bearer s3cret"})

    assert "insufficient_scope" in caplog.text
    assert not any(text in caplog.text for text in (TOKEN, "s3cret"))


def test_all_scopes_of_an_endpoint_are_needed(server: Pretend, whole: httpx2.Client) -> None:
    server.knows(TOKEN)
    before = whole.get("/admin", headers=BEARER).status_code
    server.knows(TOKEN, scope="read admin")

    assert (before, whole.get("/admin", headers=BEARER).text) == (403, "secrets")


def test_an_organization_sees_only_itself(server: Pretend, whole: httpx2.Client) -> None:
    server.knows(TOKEN)
    own = server.claims()["org_id"]

    assert whole.get(f"/org/{own}", headers=BEARER).text == own
    assert whole.get("/org/another", headers=BEARER).status_code == 404


@pytest.mark.parametrize("face", [StarletteGuard, FlaskGuard])
def test_a_guard_tells_how_it_is_and_ends(
    options: Options, face: type[StarletteGuard] | type[FlaskGuard]
) -> None:
    with face(**options) as guard:
        assert guard.status().answers_kept == 0


def test_a_principal_that_nobody_asked_for_is_a_mistake_that_says_so() -> None:
    app = flask.Flask("meters")
    with app.test_request_context("/"), pytest.raises(RuntimeError, match="requires"):
        _ = principal.client_id


def test_an_endpoint_without_a_request_is_a_mistake_that_says_so(options: Options) -> None:
    async def nothing() -> None:
        raise NotImplementedError

    with StarletteGuard(**options) as guard, pytest.raises(TypeError, match="request"):
        asyncio.run(guard.requires("read")(nothing)())


def test_paths_are_not_known_in_front_of_an_application(options: Options) -> None:
    for face in (AsgiProtected, WsgiProtected):
        with core.Guard(**options) as guard, pytest.raises(ValueError, match="org_id"):
            face(None, guard, Needs.of("read", organization="org_id"))  # type: ignore[arg-type]


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.state.principal.client_id)
    await socket.close()


@pytest.fixture
def guard(options: Options) -> Iterator[StarletteGuard]:
    with StarletteGuard(**options) as made:
        yield made


def rooms(guard: StarletteGuard, kind: str) -> Starlette:
    """Give an application with one WebSocket, behind the decorator or the middleware."""
    if kind == "decorator":
        return Starlette(routes=[WebSocketRoute("/talk", guard.requires("read")(talk))])
    return Starlette(routes=[WebSocketRoute("/talk", talk)], middleware=[guard.middleware("read")])


@pytest.mark.parametrize("kind", ["decorator", "middleware"])
def test_a_websocket_with_a_good_token_is_let_in(
    server: Pretend, guard: StarletteGuard, kind: str
) -> None:
    server.knows(TOKEN)

    with TestClient(rooms(guard, kind)).websocket_connect("/talk", headers=BEARER) as socket:
        assert socket.receive_text() == "acme-billing"


@pytest.mark.parametrize("kind", ["decorator", "middleware"])
def test_a_websocket_without_one_is_refused_before_it_is_accepted(
    guard: StarletteGuard, kind: str
) -> None:
    client = TestClient(rooms(guard, kind))

    with pytest.raises(Exception) as refused, client.websocket_connect("/talk"):  # noqa: PT011
        pass

    assert getattr(refused.value, "status_code", 401) == 401


def test_a_server_that_cannot_deny_a_websocket_with_words_closes_it(guard: StarletteGuard) -> None:
    app = rooms(guard, "middleware")

    async def without_extensions(scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        await app({**scope, "extensions": {}}, receive, send)

    with (
        pytest.raises(WebSocketDisconnect) as closed,
        TestClient(without_extensions).websocket_connect("/talk"),
    ):
        pass

    assert closed.value.code == 1008
