"""What is special to requests: hooks, prepared requests, files as bodies, cookies, adapters."""

import os
from collections.abc import Iterator
from io import BytesIO

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from client.fake_server import CLIENT_ID, SECRET, ScriptedServer
from gatepass.client.requests import BearerAuth


@pytest.fixture
def auth(server: ScriptedServer) -> BearerAuth:
    return BearerAuth(token_url=server.token_url, client_id=CLIENT_ID, client_secret=SECRET)


@pytest.fixture
def api(auth: BearerAuth) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.auth = auth
        yield session


def test_the_first_answer_stands_in_the_history_of_the_second(
    server: ScriptedServer, api: requests.Session
) -> None:
    api.get(server.api_url)
    server.revoked.add("pass-1")

    answer = api.get(server.api_url)

    assert answer.request.headers["Authorization"] == "Bearer pass-2"
    assert [(first.status_code, first.content) for first in answer.history] == [
        (401, b"who are you?")
    ]


def test_a_cookie_of_a_401_is_sent_with_the_second_request_and_kept(
    server: ScriptedServer, api: requests.Session
) -> None:
    api.get(server.api_url)
    server.revoked.add("pass-1")
    server.api_headers["Set-Cookie"] = "seat=4; Path=/"

    answer = api.get(server.api_url)

    assert answer.status_code == 200
    assert server.api_requests[-1].headers["cookie"] == "seat=4"
    assert api.cookies["seat"] == "4"


def test_a_file_is_sent_again_from_where_it_began(
    server: ScriptedServer, api: requests.Session
) -> None:
    api.get(server.api_url)
    server.revoked.add("pass-1")
    file = BytesIO(b"skipped, sent")
    file.seek(9)

    answer = api.post(server.api_url, data=file)

    assert (answer.status_code, answer.content) == (200, b"body: sent")
    assert [received.body for received in server.api_requests[1:]] == [b"sent", b"sent"]


def test_a_pipe_is_not_sent_again(server: ScriptedServer, api: requests.Session) -> None:
    server.revoke_all = True
    end, beginning = os.pipe()
    os.write(beginning, b"once")
    os.close(beginning)

    with os.fdopen(end, "rb") as pipe:
        assert api.post(server.api_url, data=pipe).status_code == 401

    assert [received.body for received in server.api_requests] == [b"once"]


def test_a_tape_that_does_not_go_back_is_not_sent_again(
    server: ScriptedServer, api: requests.Session
) -> None:
    class Tape:
        def tell(self) -> int:
            return 0

        def __iter__(self) -> Iterator[bytes]:
            yield b"once"

    server.revoke_all = True

    assert api.post(server.api_url, data=Tape()).status_code == 401
    assert [received.body for received in server.api_requests] == [b"once"]


def test_a_prepared_request_that_is_sent_often_is_renewed_once_each_time(
    server: ScriptedServer, auth: BearerAuth
) -> None:
    prepared = requests.Request("POST", server.api_url, data=b"x", auth=auth).prepare()
    with requests.Session() as session:
        session.send(prepared)
        server.revoked.add("pass-1")
        answers = [session.send(prepared) for _ in range(2)]

    assert [answer.headers["x-pass"] for answer in answers] == ["2", "2"]
    assert len(server.api_requests) == 5
    assert len(server.token_requests) == 2
    assert len(prepared.hooks["response"]) == 1


def test_a_request_prepared_twice_is_not_sent_a_third_time(
    server: ScriptedServer, auth: BearerAuth
) -> None:
    server.revoke_all = True
    prepared = requests.Request("GET", server.api_url, auth=auth).prepare()
    prepared.prepare_auth(auth)

    with requests.Session() as session:
        assert session.send(prepared).status_code == 401

    assert len(server.api_requests) == 2
    assert len(prepared.hooks["response"]) == 1


def test_the_second_request_goes_the_way_of_the_first(
    server: ScriptedServer, auth: BearerAuth
) -> None:
    """Through the same adapter, with the same timeout, proxies and certificates."""
    ways = []

    class Watched(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **how: object) -> requests.Response:  # type: ignore[override]
            ways.append(how)
            return super().send(request, **how)  # type: ignore[arg-type]

    auth.source.token()
    server.revoked.add("pass-1")
    with requests.Session() as session:
        session.mount("http://", Watched())
        answer = session.get(server.api_url, auth=auth, timeout=(7, 11), stream=True)
        assert answer.content == b"body: "

    assert ways[0] == ways[1]
    assert (ways[1]["timeout"], ways[1]["stream"]) == ((7, 11), True)


def test_an_adapter_without_a_connection_gets_the_request_once(auth: BearerAuth) -> None:
    class Bare(BaseAdapter):
        def send(self, request: requests.PreparedRequest, **_how: object) -> requests.Response:  # type: ignore[override]
            answer = requests.Response()
            answer.status_code, answer.request, answer.raw = 401, request, BytesIO(b"no")
            return answer

        def close(self) -> None:
            pass

    with requests.Session() as session:
        session.mount("http://", Bare())
        assert session.get("http://127.0.0.1:1/api", auth=auth).status_code == 401


def test_a_401_that_breaks_off_is_followed_by_the_second_answer(
    server: ScriptedServer, api: requests.Session
) -> None:
    api.get(server.api_url)
    server.revoked.add("pass-1")
    server.api_headers["Content-Encoding"] = "gzip"  # which its body is not

    assert api.get(server.api_url, stream=True).status_code == 200


def test_a_session_hook_sees_the_final_answer(
    server: ScriptedServer, api: requests.Session
) -> None:
    api.get(server.api_url)
    server.revoked.add("pass-1")
    received: list[int] = []

    api.get(server.api_url, hooks={"response": lambda r, **_: received.append(r.status_code)})

    assert received == [200]
