"""The flavours of forward authentication: what nginx and Envoy can take and cannot be told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response
from structlog.testing import capture_logs

from gatepass.server import http
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.tokens.verified_cache import DerivedCache
from gatepass.wire.metadata import PARTNER_API, VERIFY_ENVOY, VERIFY_NGINX
from server.fixtures import LIVE, TEST, URL, Client, InProcessServer, open_passive_server
from server.oauth.forward_auth.test_endpoint import IDENTITY, MISSET, is_denied, names_nobody
from server.serving.fast_path.play import said
from server.serving.fast_path.requests import Ask

LIVE_TREE = f"{VERIFY_ENVOY}production/"
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


@pytest.fixture
def still(tmp_path: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path / "data", stale_grace_seconds=1) as opened:
        yield opened


def nginx(server: InProcessServer, token: str | None, query: str = "", **given: Any) -> Response:  # noqa: ANN401
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return server.send("GET", f"{VERIFY_NGINX}?{query}", headers=headers | given)


def envoy(
    server: InProcessServer, token: str | None, below: str, method: str = "GET", **given: str
) -> Response:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return server.send(method, LIVE_TREE + below, headers=headers | given)


def test_nginx_is_told_who_calls(server: InProcessServer, client: Client) -> None:
    answer = nginx(server, server.token(client), "scope=read")

    assert answer.status_code == 200
    assert answer.headers["x-auth-client-id"] == client.client_id


@pytest.mark.spec("RFC 6750", "3.1")
def test_nginx_gets_what_is_401_and_403_as_it_is(server: InProcessServer, client: Client) -> None:
    token = server.token(client, scope="read")

    assert nginx(server, None).headers["www-authenticate"] == f'Bearer realm="{URL[LIVE]}"'
    assert is_denied(nginx(server, "x"), 401, "invalid_token")
    lacking = nginx(server, token, "scope=write")
    assert is_denied(lacking, 403, "insufficient_scope")
    assert lacking.headers["x-auth-status"] == "403"
    assert is_denied(nginx(server, token, f"organization={uuid4()}"), 403, "insufficient_scope")


@pytest.mark.spec("RFC 6750", "3.1")
def test_for_nginx_400_is_401_whose_challenge_says_that_the_request_is_wrong(
    server: InProcessServer, client: Client
) -> None:
    twice = [("Authorization", f"Bearer {server.token(client)}")] * 2
    joined = nginx(server, "a,Bearer b")

    assert 'error="invalid_request"' in joined.headers["www-authenticate"]
    for answer in (server.send("GET", VERIFY_NGINX, headers=twice), joined):
        assert (answer.status_code, answer.headers["x-auth-status"]) == (401, "400")
        assert names_nobody(answer)


def stale(server: InProcessServer) -> None:
    server.environment().is_stale = lambda: True  # type: ignore[method-assign]


class Failing(DerivedCache[tuple[float, http.Response]]):
    """A cache that fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def get(self, *_: object) -> tuple[float, http.Response] | None:
        raise self._error


def failing(error: Exception) -> Callable[[InProcessServer], None]:
    def fail(server: InProcessServer) -> None:
        server.environment().assertions = Failing(error)

    return fail


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(stale, 503), (failing(DatabaseAwayError("away")), 503), (failing(KeyError("bug")), 500)],
    ids=["stale", "away", "bug"],
)
def test_for_nginx_a_server_in_need_is_403_without_a_word_against_the_token(
    still: InProcessServer, trouble: Callable[[InProcessServer], None], status: int
) -> None:
    token = still.token(still.register())
    trouble(still)
    answer = nginx(still, token)

    assert (answer.status_code, answer.headers["x-auth-status"]) == (403, str(status))
    assert "www-authenticate" not in answer.headers
    assert names_nobody(answer)
    assert (status == 503) == ("retry-after" in answer.headers)


@pytest.mark.parametrize("query", MISSET)
def test_for_nginx_a_route_that_is_set_up_wrongly_is_403(
    server: InProcessServer, client: Client, query: str
) -> None:
    answer = nginx(server, server.token(client), query)

    assert (answer.status_code, answer.headers["x-auth-status"]) == (403, "500")


def test_for_nginx_a_host_that_is_not_ours_is_403(server: InProcessServer, client: Client) -> None:
    answer = nginx(server, server.token(client), Host="elsewhere.example.com")

    assert (answer.status_code, answer.headers["x-auth-status"]) == (403, "421")
    assert names_nobody(answer)


def test_for_nginx_plain_http_to_an_https_server_is_403(tmp_path: Path) -> None:
    production = {"hosts": ("localhost:8000",), "issuer": "https://app.example.com"}
    with open_passive_server(tmp_path / "data", production=production) as still:
        answer = nginx(still, "x")

    assert (answer.status_code, answer.headers["x-auth-status"]) == (403, "400")


@pytest.mark.parametrize("method", METHODS)
def test_envoy_asks_with_the_callers_method_path_and_query(
    server: InProcessServer, client: Client, method: str
) -> None:
    answer = envoy(server, server.token(client), "scope=read/orders/7?scope=none&x=%", method)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-auth-client-id"] == client.client_id


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//orders",
        "/orders?scope=read&organization=x",
        "/..%2F..%2Fany/orders",
        "/scope=read/orders",
        "/%00;#x",
        "/&scope=read",
    ],
)
def test_envoys_caller_neither_widens_nor_chooses_what_the_route_needs(
    server: InProcessServer, client: Client, path: str
) -> None:
    token = server.token(client, scope="read")

    assert is_denied(envoy(server, token, f"scope=write{path}"), 403, "insufficient_scope")
    assert envoy(server, token, f"scope=read{path}").status_code == 200


def test_envoys_caller_does_not_choose_the_environment(
    server: InProcessServer, client: Client
) -> None:
    sandboxed = server.token(server.register(TEST), TEST)
    sandbox = {"Host": "localhost:8001"}

    assert is_denied(envoy(server, sandboxed, "any/orders", **sandbox), 401, "invalid_token")
    token = server.token(client)
    assert envoy(server, token, "any/orders", **sandbox).status_code == 200
    assert envoy(server, token, "any/orders", Host="api.example.com").status_code == 200


def test_envoys_audience_and_organization_stand_in_the_path(
    server: InProcessServer, client: Client
) -> None:
    token, own = server.token(client), client.application.org_id
    audience = f"audience={URL[LIVE]}{PARTNER_API}".replace("/", "%2F")

    assert envoy(server, token, f"{audience}&organization={own}/x").status_code == 200
    assert is_denied(envoy(server, token, "audience=x/y"), 401, "invalid_token")
    other = envoy(server, token, f"organization={uuid4()}/x")
    assert is_denied(other, 403, "insufficient_scope")


@pytest.mark.parametrize(
    "need", [each for each in MISSET if each != "any"] + ["", "orders", "ANY", "any&scope=read"]
)
def test_envoys_prefix_that_does_not_say_what_the_route_needs_lets_nobody_in(
    server: InProcessServer, client: Client, need: str
) -> None:
    token = server.token(client)
    with capture_logs() as logged:
        answer = envoy(server, token, f"{need}/orders/7")

    assert answer.status_code == 500
    assert names_nobody(answer)
    [event] = logged
    assert (event["event"], event["path"]) == ("gateway.misconfigured", LIVE_TREE)


def test_without_an_environment_envoys_path_is_none_of_ours(
    server: InProcessServer, client: Client
) -> None:
    headers = {"Authorization": f"Bearer {server.token(client)}"}

    for path in ("any/orders", "elsewhere/any/orders", "production"):
        assert server.send("GET", VERIFY_ENVOY + path, headers=headers).status_code == 404


def test_the_flavours_answer_with_and_without_the_slash(
    server: InProcessServer, client: Client
) -> None:
    headers = {"Authorization": f"Bearer {server.token(client)}"}
    for path in ("verify/nginx", "verify/nginx/", "verify/envoy/production/any/x"):
        assert server.send("GET", f"/oauth2/{path}", headers=headers).status_code == 200


def test_envoys_path_is_taken_as_it_comes(server: InProcessServer, client: Client) -> None:
    bearer = (f"Bearer {server.token(client, scope='read')}",)
    path = f"{LIVE_TREE}scope=write/../scope=read/x"

    play = said(server, Ask(path=path, authorization=bearer, body=b"", content_type=()).raw())
    assert play.heard.startswith(b"HTTP/1.1 403 Forbidden")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_lane_answers_envoy(server: InProcessServer, client: Client, method: str) -> None:
    token = server.token(client)
    envoy(server, token, "scope=read/")
    plain = Ask(
        method=method,
        path=f"{LIVE_TREE}scope=read//orders/7?scope=x",
        host=("api.example.com",),
        authorization=(f"Bearer {token}",),
        body=b"",
        content_type=(),
    )

    play = said(server, plain.raw())
    assert (play.by_fast_path, play.heard.startswith(b"HTTP/1.1 200 OK")) == (1, True)
    assert play.heard.count(b"x-auth-") == len(IDENTITY)
