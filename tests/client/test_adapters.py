"""Every adapter on real connections, by one contract."""

import asyncio
import io
import logging
from collections.abc import Iterator

import aiohttp
import pytest
import requests

from client.crowd import Clock, in_threads
from client.faces import FACES, Face
from client.pretend import CLIENT_ID, SECRET, Pretend, json_answer, pretend
from gatepass.client.errors import ConfigurationError, TokenRefused
from gatepass.client.over_aiohttp import BearerAuth as OverAiohttp
from gatepass.client.over_requests import BearerAuth as OverRequests
from gatepass.client.settings import ClientSettings
from gatepass.client.source import TokenSource

MANY = 20


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


@pytest.fixture
def source(settings: ClientSettings) -> TokenSource:
    return TokenSource(settings)


@pytest.fixture
def elsewhere() -> Iterator[Pretend]:
    with pretend() as running:
        yield running


def test_a_token_is_got_once_and_kept(server: Pretend, source: TokenSource, face: Face) -> None:
    answers = [face(source, "GET", server.api_url, None) for _ in range(3)]

    assert [answer.headers["x-pass"] for answer in answers] == ["1"] * 3
    assert len(server.token_requests) == 1


@pytest.mark.spec("RFC 6750", "2.1")
def test_a_401_renews_the_token_and_sends_the_request_once_more(
    server: Pretend, source: TokenSource, face: Face
) -> None:
    source.token()
    server.revoked.add("pass-1")

    answer = face(source, "POST", server.api_url, b"whole")

    assert (answer.status, answer.body) == (200, b"body: whole")
    used = [seen.headers["authorization"] for seen in server.api_requests]
    assert used == ["Bearer pass-1", "Bearer pass-2"]


def test_a_second_401_goes_to_the_caller(server: Pretend, source: TokenSource, face: Face) -> None:
    server.revoke_all = True

    answer = face(source, "GET", server.api_url, None)

    assert (answer.status, answer.body) == (401, b"who are you?")
    assert (len(server.api_requests), len(server.token_requests)) == (2, 2)


def test_an_api_that_refuses_every_token_is_not_asked_twice_for_each_call(
    server: Pretend, source: TokenSource, face: Face
) -> None:
    server.revoke_all = True
    for _ in range(3):
        face(source, "GET", server.api_url, None)

    assert (len(server.api_requests), len(server.token_requests)) == (4, 2)


def test_a_body_that_is_spent_is_not_sent_again(
    server: Pretend, source: TokenSource, face: Face
) -> None:
    server.revoke_all = True

    answer = face(source, "POST", server.api_url, [b"on", b"ce"])

    assert answer.status == 401
    assert [seen.body for seen in server.api_requests] == [b"once"]


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_403_is_the_callers_business(server: Pretend, source: TokenSource, face: Face) -> None:
    server.api_status = 403

    assert face(source, "GET", server.api_url, None).status == 403
    assert (len(server.api_requests), len(server.token_requests)) == (1, 1)


def test_a_refusal_is_raised_and_the_api_is_not_called(
    server: Pretend, source: TokenSource, face: Face
) -> None:
    server.answers += [json_answer(401, error="invalid_client")] * 2

    with pytest.raises(TokenRefused):
        face(source, "GET", server.api_url, None)

    assert not server.api_requests


def test_a_renewal_refused_after_a_401_is_raised(
    server: Pretend, source: TokenSource, face: Face
) -> None:
    source.token()
    server.revoked.add("pass-1")
    server.answers += [json_answer(401, error="invalid_client")] * 2

    with pytest.raises(TokenRefused):
        face(source, "GET", server.api_url, None)

    assert len(server.api_requests) == 1


def test_a_token_does_not_follow_a_redirect_to_another_host(
    server: Pretend, elsewhere: Pretend, source: TokenSource, face: Face
) -> None:
    server.redirects["/away"] = elsewhere.api_url

    answer = face(source, "GET", f"{server.url}/away", None)

    assert answer.status == 401
    assert elsewhere.api_requests
    assert not any("authorization" in seen.headers for seen in elsewhere.seen)


def test_a_token_follows_a_redirect_at_home(
    server: Pretend, source: TokenSource, face: Face
) -> None:
    server.redirects["/moved"] = server.api_url

    assert face(source, "GET", f"{server.url}/moved", None).status == 200


def test_a_crowd_makes_one_token_request(
    server: Pretend, settings: ClientSettings, face: Face
) -> None:
    clock = Clock(callers=MANY)
    server.before_token = clock.wait_for_all
    source = TokenSource(settings, now=clock)

    answers = in_threads(MANY, lambda: face(source, "GET", server.api_url, None).status)

    assert answers == [200] * MANY
    assert len(server.token_requests) == 1


def test_neither_secret_nor_token_is_told(
    server: Pretend, source: TokenSource, face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.revoked.add("pass-1")

    face(source, "GET", server.api_url, None)

    assert "token renewed" in caplog.text
    assert not any(word in caplog.text for word in (SECRET, "pass-1", "pass-2"))


def test_requests_sends_a_file_again_from_where_it_began(
    server: Pretend, source: TokenSource
) -> None:
    source.token()
    server.revoked.add("pass-1")
    file = io.BytesIO(b"skipped, sent")
    file.seek(9)

    answer = requests.post(server.api_url, data=file, auth=OverRequests.sharing(source), timeout=30)

    assert answer.content == b"body: sent"
    assert [gone.status_code for gone in answer.history] == [401]


def test_requests_keeps_one_hook_however_often_a_request_is_prepared(
    server: Pretend, source: TokenSource
) -> None:
    auth = OverRequests.sharing(source)
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("GET", server.api_url, auth=auth))
        prepared.prepare_auth(auth)
        server.revoke_all = True
        answers = [session.send(prepared) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert len(prepared.hooks["response"]) == 1
    assert len(server.api_requests) == 4  # each went out twice


def test_requests_keeps_the_cookies_of_the_first_answer(
    server: Pretend, source: TokenSource
) -> None:
    source.token()
    server.revoked.add("pass-1")
    server.api_headers["Set-Cookie"] = "seat=7"

    with requests.Session() as session:
        session.get(server.api_url, auth=OverRequests.sharing(source))

    assert [seen.headers.get("cookie") for seen in server.api_requests] == [None, "seat=7"]


def test_aiohttp_has_to_be_told_the_api(server: Pretend, source: TokenSource) -> None:
    async def send() -> None:
        async with aiohttp.ClientSession(middlewares=[OverAiohttp.sharing(source)]) as session:
            await session.get(server.api_url)

    with pytest.raises(ConfigurationError, match="name it"):
        asyncio.run(send())
    assert not server.seen


def test_aiohttp_sends_no_token_over_plain_http(source: TokenSource) -> None:
    with pytest.raises(ConfigurationError, match="plain http"):
        OverAiohttp.sharing(source).to("http://api.example.com")


def test_one_adapter_after_another_shares_a_source(
    server: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_TOKEN_URL", server.token_url)
    monkeypatch.setenv("GATEPASS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", SECRET)
    by_aiohttp, by_requests = OverAiohttp.from_env(), OverRequests.from_env()

    assert by_aiohttp.source is by_requests.source
