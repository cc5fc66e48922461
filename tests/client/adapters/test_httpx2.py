"""BearerAuth on real connections, where it is special to httpx2; see test_adapters for the rest."""

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Event
from urllib.parse import parse_qsl

import httpx2
import pytest

import gatepass
from client.fake_server import CLIENT_ID, SECRET, ScriptedServer, json_response
from client.processes import TIMEOUT
from gatepass.client import ConfigurationError, TokenUnavailable
from gatepass.client.httpx2 import BearerAuth
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.transport import Httpx2Sender
from gatepass.loopback import Response
from gatepass.wire import basic
from gatepass.wire.secret import Secret

Send = Callable[[httpx2.Auth, httpx2.Request], httpx2.Response]


def send_sync(auth: httpx2.Auth, request: httpx2.Request) -> httpx2.Response:
    with httpx2.Client(auth=auth) as client:
        return client.send(request)


def send_async(auth: httpx2.Auth, request: httpx2.Request) -> httpx2.Response:
    async def send() -> httpx2.Response:
        async with httpx2.AsyncClient(auth=auth) as client:
            return await client.send(request)

    return asyncio.run(send())


@pytest.fixture(params=[send_sync, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    chosen: Send = request.param
    return chosen


@pytest.fixture
def auth(server: ScriptedServer) -> BearerAuth:
    return BearerAuth(token_url=server.token_url, client_id=CLIENT_ID, client_secret=SECRET)


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_id_and_secret_with_any_character_arrive_by_basic_and_nowhere_else(
    server: ScriptedServer, auth: BearerAuth, send: Send
) -> None:
    send(auth, httpx2.Request("GET", server.api_url))

    (found,) = server.token_requests
    assert basic.read(found.headers["authorization"].removeprefix("Basic ")) == (
        CLIENT_ID,
        Secret(SECRET),
    )
    assert found.method == "POST"
    assert found.body == b"grant_type=client_credentials"


@pytest.mark.parametrize("resource", ["https://a.example/", ["https://a.example/", "urn:b:c"]])
def test_scope_and_resource_are_asked_for(
    server: ScriptedServer, resource: str | list[str]
) -> None:
    auth = BearerAuth(
        token_url=server.token_url,
        client_id="id",
        client_secret="s",
        scope="read write",
        resource=resource,
    )

    send_sync(auth, httpx2.Request("GET", server.api_url))

    resources = [resource] if isinstance(resource, str) else resource
    assert parse_qsl(server.token_requests[0].body.decode())[1:] == [
        ("scope", "read write"),
        *[("resource", one) for one in resources],
    ]


def test_the_environment_is_enough(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPASS_TOKEN_URL", server.token_url)
    monkeypatch.setenv("GATEPASS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", SECRET)

    with httpx2.Client(base_url=server.url, auth=gatepass.BearerAuth.from_env()) as api:
        assert api.get("/api").raise_for_status().headers["x-pass"] == "1"


def test_the_event_loop_runs_on_while_a_token_is_awaited(
    server: ScriptedServer, auth: BearerAuth
) -> None:
    """The token endpoint answers only once the loop has done something else."""
    release = Event()
    server.before_token = partial(release.wait, TIMEOUT)

    async def story() -> int:
        async with httpx2.AsyncClient(auth=auth) as api:
            request = asyncio.create_task(api.get(server.api_url))
            while not server.token_requests:  # noqa: ASYNC110 - turns of the loop, no clock
                await asyncio.sleep(0)
            release.set()
            return (await request).status_code

    assert asyncio.run(story()) == 200


def test_a_token_endpoint_that_is_briefly_away_is_asked_again(
    server: ScriptedServer, auth: BearerAuth, send: Send
) -> None:
    server.responses.append(Response(503, b"<html>busy</html>", {"Retry-After": "0"}))

    assert send(auth, httpx2.Request("GET", server.api_url)).status_code == 200
    assert len(server.token_requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, b"<html>Sign in to the guest network</html>", {"Content-Type": "text/html"}),
        Response(200, b"\x00\xff" * 100),
        Response(200, b"x" * 10_000_000),
        Response(200, b""),
        Response(200, b"\x1f\x8b garbage", {"Content-Encoding": "gzip"}),
        Response(204),
        json_response(access_token="t", token_type="mac"),
    ],
    ids=["html", "bytes", "ten-megabytes", "empty", "not-gzip", "no-content", "mac"],
)
def test_an_answer_that_is_no_token_is_refused_with_a_bounded_message(
    server: ScriptedServer, auth: BearerAuth, send: Send, answer: Response
) -> None:
    server.responses.append(answer)

    with pytest.raises(TokenUnavailable) as caught:
        send(auth, httpx2.Request("GET", server.api_url))

    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()
    assert not server.api_requests


def test_a_redirect_of_the_token_endpoint_is_not_followed(
    server: ScriptedServer, auth: BearerAuth
) -> None:
    server.responses.append(Response(307, b"", {"Location": f"{server.url}/elsewhere"}))

    with (
        httpx2.Client(auth=auth, follow_redirects=True) as api,
        pytest.raises(TokenUnavailable, match="redirects are not followed"),
    ):
        api.get(server.api_url)

    assert [found.path for found in server.received] == ["/token"]


def test_a_token_endpoint_that_is_not_there_is_told_with_the_reason(send: Send) -> None:
    settings = ClientSettings("http://127.0.0.1:1/token", "id", Secret(SECRET))
    source = TokenSource(settings, Httpx2Sender(settings.token_url), random=lambda: 0.0)

    with pytest.raises(TokenUnavailable, match="ConnectError") as caught:
        send(BearerAuth.sharing(source), httpx2.Request("GET", "http://127.0.0.1:1/api"))

    assert caught.value.attempts == 8


def test_a_secret_for_loopback_does_not_go_through_a_proxy_of_the_environment(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    auth = BearerAuth(token_url=server.token_url, client_id="id", client_secret=SECRET)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")

    with pytest.raises(httpx2.ConnectError):  # the API's own client does obey the proxy
        send(auth, httpx2.Request("GET", server.api_url))

    assert len(server.token_requests) == 1


def test_an_https_token_url_is_checked_against_the_trusted_certificates(
    server: ScriptedServer,
) -> None:
    url = server.token_url.replace("http:", "https:")
    settings = ClientSettings(url, "id", Secret(SECRET))
    source = TokenSource(settings, Httpx2Sender(url), random=lambda: 0.0)

    with pytest.raises(TokenUnavailable):  # it speaks no TLS
        source.token()

    assert not server.received


def test_an_address_that_httpx2_does_not_take_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="token URL"):
        BearerAuth(token_url=f"https://host/{'x' * 70_000}", client_id="id", client_secret="s")
