"""The guard inside a server that knows its tokens itself, and the guard's settings."""

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Annotated

import pytest
import time_machine
from fastapi import Depends, FastAPI, Form
from starlette.requests import HTTPConnection, Request
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from gatepass.guard import fastapi as adapter
from gatepass.guard.fastapi import Denied, Expectation, Guard, Principal
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

ISSUER = "https://app.example.com"
TOKEN = "gpa_live_t0ken"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def claims(issuer: str = ISSUER, **members: object) -> dict[str, object]:
    return {
        "active": True,
        "client_id": "acme-billing",
        "iss": issuer,
        "aud": issuer + "/api",
        "scope": "read",
        "exp": int(time.time()) + 60,
    } | members


def always(_token: Secret, _request: HTTPConnection) -> Mapping[str, object]:
    return claims()


def client_of(guard: Guard) -> TestClient:
    app = FastAPI()

    @app.get("/meters")
    def meters(caller: Annotated[Principal, guard.requires("read")]) -> str:
        return caller.issuer

    return TestClient(app)


def test_a_plain_function_is_asked_in_a_thread_and_a_coroutine_on_the_loop() -> None:
    asked: dict[str, object] = {}

    def plain(token: Secret, request: HTTPConnection) -> Mapping[str, object]:
        asked["plain"] = (threading.current_thread(), token, request.url.path)
        return claims()

    async def coroutine(token: Secret, _request: HTTPConnection) -> Mapping[str, object]:
        asked["coroutine"] = (threading.current_thread(), token)
        return claims()

    app = FastAPI()

    async def loop_thread() -> threading.Thread:
        return threading.current_thread()

    @app.get("/")
    async def both(
        loop: Annotated[threading.Thread, Depends(loop_thread)],
        _one: Annotated[Principal, Guard(ISSUER, inspect=plain).requires()],
        _two: Annotated[Principal, Guard(ISSUER, inspect=coroutine).requires()],
    ) -> None:
        asked["loop"] = loop

    assert TestClient(app).get("/", headers=BEARER).status_code == 200
    assert asked["coroutine"] == (asked["loop"], Secret(TOKEN))
    assert asked["plain"] != (asked["loop"], Secret(TOKEN), "/")
    assert asked["plain"][1:] == (Secret(TOKEN), "/")  # type: ignore[index]


def test_nothing_means_not_active() -> None:
    client = client_of(Guard(ISSUER, inspect=lambda _token, _request: None))

    answer = client.get("/meters", headers=BEARER)

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_inspection_may_refuse_by_itself() -> None:
    def overloaded(_token: Secret, _request: HTTPConnection) -> None:
        raise OAuthError("temporarily_unavailable", "Not now.", retry_after=7)

    answer = client_of(Guard(ISSUER, inspect=overloaded)).get("/meters", headers=BEARER)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json() == {"detail": "Not now."}


@pytest.mark.spec("ASVS", "16.5.3")
def test_an_inspection_that_breaks_lets_nobody_through() -> None:
    def broken(_token: Secret, _request: HTTPConnection) -> None:
        raise KeyError("a bug")

    client = client_of(Guard(ISSUER, inspect=broken))

    with pytest.raises(KeyError):
        client.get("/meters", headers=BEARER)


def test_a_token_is_checked_against_the_clock_at_each_request() -> None:
    answer = claims()
    client = client_of(Guard(ISSUER, inspect=lambda _token, _request: answer))

    before = client.get("/meters", headers=BEARER).status_code
    with time_machine.travel(time.time() + 61):
        after = client.get("/meters", headers=BEARER).status_code

    assert (before, after) == (200, 401)


def expected(request: HTTPConnection) -> Expectation:
    issuer = f"https://{request.headers['host']}"
    return Expectation(issuer, issuer + "/api", issuer + "/metadata")


async def only_production(_token: Secret, _request: HTTPConnection) -> Mapping[str, object]:
    return claims()


@pytest.fixture
def two_environments() -> Iterator[TestClient]:
    with client_of(Guard(inspect=only_production, expect=expected)) as client:
        yield client


def test_what_is_expected_may_depend_on_the_request(two_environments: TestClient) -> None:
    answer = two_environments.get("/meters", headers=BEARER | {"Host": "app.example.com"})

    assert answer.json() == ISSUER


@pytest.mark.spec("RFC 9728", "5.1")
def test_a_token_of_one_environment_is_nothing_in_the_other(two_environments: TestClient) -> None:
    host = "sandbox-app.example.com"
    answer = two_environments.get("/meters", headers=BEARER | {"Host": host})

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert f'resource_metadata="https://{host}/metadata"' in answer.headers["WWW-Authenticate"]


def test_where_the_issuer_depends_on_the_request_the_token_url_is_a_path(
    two_environments: TestClient,
) -> None:
    document = two_environments.get("/openapi.json").json()

    scheme = document["components"]["securitySchemes"]["Gatepass"]
    assert scheme["flows"]["clientCredentials"]["tokenUrl"] == "/oauth2/token/"


def test_what_is_expected_may_be_one_value_for_all() -> None:
    client = client_of(Guard(inspect=always, expect=Expectation(ISSUER, "https://other")))

    assert client.get("/meters", headers=BEARER).status_code == 401


def test_a_guard_that_asks_nobody_has_nothing_to_close() -> None:
    with Guard(ISSUER, inspect=always) as guard:
        client = client_of(guard)
        assert guard.status().is_healthy

    assert client.get("/meters", headers=BEARER).status_code == 200


def test_a_websocket_is_guarded_as_a_request_is() -> None:
    guard = Guard(ISSUER, inspect=always)
    app = FastAPI()

    @app.websocket("/live")
    async def live(socket: WebSocket, caller: Annotated[Principal, guard.requires("read")]) -> None:
        await socket.accept()
        await socket.send_text(caller.client_id)

    client = TestClient(app)
    with client.websocket_connect("/live", headers=BEARER) as session:
        assert session.receive_text() == "acme-billing"
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect(f"/live?access_token={TOKEN}"),
    ):
        pass
    assert refused.value.status_code == 400


@pytest.mark.spec("RFC 6750", "2")
def test_a_token_in_a_form_that_the_endpoint_has_read_already_is_seen() -> None:
    pytest.importorskip("python_multipart", reason="FastAPI reads no forms without it")
    guard = Guard(ISSUER, inspect=always)
    app = FastAPI()

    @app.post("/readings")
    def readings(
        value: Annotated[str, Form()], _caller: Annotated[Principal, guard.requires("read")]
    ) -> str:
        return value

    client = TestClient(app)
    good = client.post("/readings", data={"value": "7"}, headers=BEARER)
    twice = client.post("/readings", data={"value": "7", "access_token": "x"}, headers=BEARER)

    assert (good.status_code, twice.status_code) == (200, 400)


def test_a_form_that_somebody_has_read_as_a_stream_is_left_alone() -> None:
    guard = Guard(ISSUER, inspect=always)
    app = FastAPI()

    async def swallow(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    @app.post("/readings")
    def readings(
        length: Annotated[int, Depends(swallow)],
        _caller: Annotated[Principal, guard.requires("read")],
    ) -> int:
        return length

    assert TestClient(app).post("/readings", data={"a": "b"}, headers=BEARER).json() == 3


@pytest.mark.parametrize("length", [None, "", "-1", "²", "65537", "9" * 5000])
def test_a_form_of_unknown_or_great_length_is_not_read_before_the_caller_is_known(
    length: str | None,
) -> None:
    guard = Guard(ISSUER, inspect=always)
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    if length is not None:
        headers.append((b"content-length", length.encode("latin-1")))
    scope = {"type": "http", "headers": headers, "query_string": b""}

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    with pytest.raises(Denied) as refused:
        _finished(guard.identify(Request(scope, receive), Scope(())))

    assert refused.value.status_code == 401


def _finished(coroutine: object) -> object:
    """Run a coroutine that has nothing to wait for."""
    return coroutine.send(None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "either an issuer or expect"),
        ({"issuer": ISSUER, "expect": Expectation(ISSUER)}, "either an issuer or expect"),
        ({"expect": Expectation(ISSUER), "resource": "x"}, "resource"),
        ({"expect": Expectation(ISSUER), "resource_metadata": "x"}, "resource"),
        ({"expect": expected}, "only with inspect"),
        ({"issuer": "http://app.example.com"}, "https://"),
        ({"issuer": ISSUER, "cache_seconds": -1}, "0 or more"),
    ],
)
def test_settings_that_cannot_work_are_a_mistake_at_once(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Guard(client_id="api", client_secret="s3cr3t", **settings)  # type: ignore[arg-type]


def test_the_guards_own_credentials_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GATEPASS_CLIENT_ID", raising=False)
    with pytest.raises(ValueError, match="GATEPASS_CLIENT_ID"):
        Guard(ISSUER)

    monkeypatch.setenv("GATEPASS_CLIENT_ID", "api")
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", "s3cr3t")
    with Guard(ISSUER) as guard:
        assert guard.token_url == ISSUER + "/oauth2/token/"


@pytest.mark.parametrize("scope", ["tö", 'a"b', "a  b", "a\\b"])
def test_a_scope_that_can_never_be_granted_is_a_mistake(scope: str) -> None:
    with pytest.raises(ValueError, match="a scope is"):
        Guard(ISSUER, inspect=always).requires(scope)


def test_the_problem_handler_passes_on_what_is_not_its_own() -> None:
    with pytest.raises(KeyError):
        _finished(adapter.respond(Request({"type": "http"}), KeyError("other")))
