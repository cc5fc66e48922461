"""BearerAuth on real connections: to a token endpoint and an API on loopback."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from threading import Event
from urllib.parse import parse_qsl

import httpx2
import pytest

import gatepass
from client.crowd import PATIENCE, Clock, in_threads
from client.pretend import CLIENT_ID, SECRET, Answer, Pretend, json_answer
from gatepass.client import ConfigurationError, TokenRefused, TokenUnavailable
from gatepass.client.over_httpx2 import BearerAuth
from gatepass.client.sending import Httpx2Sender
from gatepass.client.settings import ClientSettings
from gatepass.client.source import TokenSource
from gatepass.wire import basic
from gatepass.wire.secret import Secret

MANY = 50
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
def auth(server: Pretend) -> BearerAuth:
    return BearerAuth(token_url=server.token_url, client_id=CLIENT_ID, client_secret=SECRET)


def test_a_token_is_got_once_and_kept(server: Pretend, auth: BearerAuth, send: Send) -> None:
    answers = [send(auth, httpx2.Request("GET", server.api_url)) for _ in range(3)]

    assert [answer.headers["x-pass"] for answer in answers] == ["1"] * 3
    assert len(server.token_requests) == 1


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_id_and_secret_with_any_character_arrive_by_basic_and_nowhere_else(
    server: Pretend, auth: BearerAuth, send: Send
) -> None:
    send(auth, httpx2.Request("GET", server.api_url))

    (seen,) = server.token_requests
    assert basic.read(seen.headers["authorization"].removeprefix("Basic ")) == (
        CLIENT_ID,
        Secret(SECRET),
    )
    assert seen.method == "POST"
    assert seen.body == b"grant_type=client_credentials"


@pytest.mark.parametrize("resource", ["https://a.example/", ["https://a.example/", "urn:b:c"]])
def test_scope_and_resource_are_asked_for(server: Pretend, resource: str | list[str]) -> None:
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


def test_the_environment_is_enough(server: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPASS_TOKEN_URL", server.token_url)
    monkeypatch.setenv("GATEPASS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", SECRET)

    with httpx2.Client(base_url=server.url, auth=gatepass.BearerAuth.from_env()) as api:
        assert api.get("/api").raise_for_status().headers["x-pass"] == "1"


def test_a_token_is_renewed_before_it_expires(
    server: Pretend, settings: ClientSettings, send: Send
) -> None:
    clock = Clock()
    auth = BearerAuth.sharing(TokenSource(settings, Httpx2Sender(settings.token_url), now=clock))
    used = []
    for seconds in (0, 2870, 3250):  # of 3600: fresh, fresh, surely stale
        clock.now = 1000.0 + seconds
        used.append(send(auth, httpx2.Request("GET", server.api_url)).headers["x-pass"])

    assert used == ["1", "1", "2"]


@pytest.mark.spec("RFC 6750", "2.1")
def test_a_401_renews_the_token_and_sends_the_request_once_more(
    server: Pretend, auth: BearerAuth, send: Send
) -> None:
    send(auth, httpx2.Request("GET", server.api_url))
    server.revoked.add("pass-1")

    answer = send(auth, httpx2.Request("POST", server.api_url, json={"a": 1}))

    assert (answer.status_code, answer.content) == (200, b'body: {"a":1}')
    assert [seen.headers["authorization"] for seen in server.api_requests[1:]] == [
        "Bearer pass-1",
        "Bearer pass-2",
    ]


def test_a_second_401_goes_to_the_caller(server: Pretend, auth: BearerAuth, send: Send) -> None:
    server.revoke_all = True

    answer = send(auth, httpx2.Request("GET", server.api_url))

    assert (answer.status_code, answer.content) == (401, b"who are you?")
    assert (len(server.api_requests), len(server.token_requests)) == (2, 2)


def test_a_body_that_is_spent_is_not_sent_again(server: Pretend, auth: BearerAuth) -> None:
    server.revoke_all = True

    def parts() -> Iterator[bytes]:
        yield b"once"

    answer = send_sync(auth, httpx2.Request("POST", server.api_url, content=parts()))

    assert answer.status_code == 401
    assert [seen.body for seen in server.api_requests] == [b"once"]


def test_an_async_body_that_is_spent_is_not_sent_again(server: Pretend, auth: BearerAuth) -> None:
    server.revoke_all = True

    async def parts() -> AsyncIterator[bytes]:
        yield b"once"

    answer = send_async(auth, httpx2.Request("POST", server.api_url, content=parts()))

    assert answer.status_code == 401
    assert [seen.body for seen in server.api_requests] == [b"once"]


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_other_answers_of_the_api_are_the_callers_business(
    server: Pretend, auth: BearerAuth, send: Send, status: int
) -> None:
    server.api_status = status

    assert send(auth, httpx2.Request("GET", server.api_url)).status_code == status
    assert len(server.api_requests) == 1


def test_fifty_threads_make_one_token_request(server: Pretend, settings: ClientSettings) -> None:
    clock = Clock(callers=MANY)
    server.before_token = clock.wait_for_all
    auth = BearerAuth.sharing(TokenSource(settings, Httpx2Sender(settings.token_url), now=clock))

    with httpx2.Client(auth=auth, limits=httpx2.Limits(max_connections=MANY)) as api:
        answers = in_threads(MANY, lambda: api.get(server.api_url).headers["x-pass"])

    assert answers == ["1"] * MANY
    assert len(server.token_requests) == 1


def test_fifty_tasks_make_one_token_request(server: Pretend, settings: ClientSettings) -> None:
    clock = Clock(callers=MANY)
    server.before_token = clock.wait_for_all
    auth = BearerAuth.sharing(TokenSource(settings, Httpx2Sender(settings.token_url), now=clock))

    async def all_at_once() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(auth=auth) as api:
            return await asyncio.gather(*[api.get(server.api_url) for _ in range(MANY)])

    assert [a.headers["x-pass"] for a in asyncio.run(all_at_once())] == ["1"] * MANY
    assert len(server.token_requests) == 1


def test_fifty_threads_whose_token_is_refused_renew_it_once(
    server: Pretend, auth: BearerAuth
) -> None:
    send_sync(auth, httpx2.Request("GET", server.api_url))
    server.revoked.add("pass-1")

    with httpx2.Client(auth=auth) as api:
        answers = in_threads(MANY, lambda: api.get(server.api_url).headers["x-pass"])

    assert answers == ["2"] * MANY
    assert len(server.token_requests) == 2


def test_the_event_loop_runs_on_while_a_token_is_awaited(server: Pretend, auth: BearerAuth) -> None:
    """The token endpoint answers only once the loop has done something else."""
    gate = Event()
    server.before_token = partial(gate.wait, PATIENCE)

    async def story() -> int:
        async with httpx2.AsyncClient(auth=auth) as api:
            request = asyncio.create_task(api.get(server.api_url))
            while not server.token_requests:  # noqa: ASYNC110 - turns of the loop, no clock
                await asyncio.sleep(0)
            gate.set()
            return (await request).status_code

    assert asyncio.run(story()) == 200


def test_a_token_endpoint_that_is_briefly_away_is_asked_again(
    server: Pretend, auth: BearerAuth, send: Send
) -> None:
    server.answers.append(Answer(503, b"<html>busy</html>", {"Retry-After": "0"}))

    assert send(auth, httpx2.Request("GET", server.api_url)).status_code == 200
    assert len(server.token_requests) == 2


def test_a_refusal_is_raised_at_once_and_the_api_is_not_called(
    server: Pretend, auth: BearerAuth, send: Send
) -> None:
    said = {"error": "invalid_client", "error_description": "Client authentication failed."}
    server.answers.append(json_answer(401, **said))

    with pytest.raises(TokenRefused) as caught:
        send(auth, httpx2.Request("GET", server.api_url))

    assert (caught.value.error, caught.value.status) == ("invalid_client", 401)
    assert caught.value.description == "Client authentication failed."
    assert (len(server.token_requests), len(server.api_requests)) == (1, 0)


def test_a_renewal_refused_after_a_401_is_raised_and_nothing_goes_without_a_token(
    server: Pretend, auth: BearerAuth, send: Send
) -> None:
    send(auth, httpx2.Request("GET", server.api_url))
    server.revoked.add("pass-1")
    server.answers.append(json_answer(401, error="invalid_client"))

    with pytest.raises(TokenRefused):
        send(auth, httpx2.Request("GET", server.api_url))

    sent = [seen.headers["authorization"] for seen in server.api_requests]
    assert sent == ["Bearer pass-1"] * 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>Sign in to the guest network</html>", {"Content-Type": "text/html"}),
        Answer(200, b"\x00\xff" * 100),
        Answer(200, b"x" * 10_000_000),
        Answer(200, b""),
        Answer(200, b"\x1f\x8b garbage", {"Content-Encoding": "gzip"}),
        Answer(204),
        json_answer(access_token="t", token_type="mac"),
    ],
    ids=["html", "bytes", "ten-megabytes", "empty", "not-gzip", "no-content", "mac"],
)
def test_an_answer_that_is_no_token_is_refused_with_a_bounded_message(
    server: Pretend, auth: BearerAuth, send: Send, answer: Answer
) -> None:
    server.answers.append(answer)

    with pytest.raises(TokenUnavailable) as caught:
        send(auth, httpx2.Request("GET", server.api_url))

    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()
    assert not server.api_requests


def test_a_redirect_of_the_token_endpoint_is_not_followed(
    server: Pretend, auth: BearerAuth
) -> None:
    server.answers.append(Answer(307, b"", {"Location": f"{server.url}/elsewhere"}))

    with (
        httpx2.Client(auth=auth, follow_redirects=True) as api,
        pytest.raises(TokenUnavailable, match="redirects are not followed"),
    ):
        api.get(server.api_url)

    assert [seen.path for seen in server.seen] == ["/token"]


def test_a_token_endpoint_that_is_not_there_is_told_with_the_reason(send: Send) -> None:
    settings = ClientSettings("http://127.0.0.1:1/token", "id", Secret(SECRET))
    source = TokenSource(settings, Httpx2Sender(settings.token_url), random=lambda: 0.0)

    with pytest.raises(TokenUnavailable, match="ConnectError") as caught:
        send(BearerAuth.sharing(source), httpx2.Request("GET", "http://127.0.0.1:1/api"))

    assert caught.value.attempts == 8


def test_a_secret_for_loopback_does_not_go_through_a_proxy_of_the_environment(
    server: Pretend, monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    auth = BearerAuth(token_url=server.token_url, client_id="id", client_secret=SECRET)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")

    with pytest.raises(httpx2.ConnectError):  # the API's own client does obey the proxy
        send(auth, httpx2.Request("GET", server.api_url))

    assert len(server.token_requests) == 1


def test_an_https_token_url_is_checked_against_the_trusted_certificates(server: Pretend) -> None:
    url = server.token_url.replace("http:", "https:")
    settings = ClientSettings(url, "id", Secret(SECRET))
    source = TokenSource(settings, Httpx2Sender(url), random=lambda: 0.0)

    with pytest.raises(TokenUnavailable):  # it speaks no TLS
        source.token()

    assert not server.seen


def test_an_address_that_httpx2_does_not_take_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="token URL"):
        BearerAuth(token_url=f"https://host/{'x' * 70_000}", client_id="id", client_secret="s")


@pytest.mark.spec("RFC 6750", "5.3")
def test_neither_secret_nor_token_is_seen_in_reprs_errors_or_logs(
    server: Pretend, caplog: pytest.LogCaptureFixture, send: Send
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "gps_live_kept-to-myself"
    auth = BearerAuth(token_url=server.token_url, client_id="id", client_secret=secret)
    send(auth, httpx2.Request("GET", server.api_url))
    server.revoked.add("pass-1")
    echo = f"bad {secret} in {basic.write('id', Secret(secret))}"
    server.answers.append(json_answer(401, error="invalid_client", error_description=echo))
    with pytest.raises(TokenRefused) as caught:
        send(auth, httpx2.Request("GET", server.api_url))

    header = basic.write("id", Secret(secret)).removeprefix("Basic ")
    told = [repr(auth), repr(vars(auth)), str(caught.value), repr(caught.value), caplog.text]
    assert "token renewed" in caplog.text
    assert not any(word in text for text in told for word in (secret, "pass-1", header))
