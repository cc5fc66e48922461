"""What every adapter does alike, on real connections: each test is for all of them."""

import logging
from collections.abc import Iterator
from functools import partial

import pytest

from client.adapters.adapters import PART, WAYS, Reply, Way
from client.fake_server import CLIENT_ID, SECRET, ScriptedServer, json_response, scripted_server
from client.processes import CallerClock, in_threads
from gatepass.client import TokenRefused
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.bearer_auth import BearerAuthBase
from gatepass.client.tokens.source import TokenSource
from gatepass.wire import basic
from gatepass.wire.secret import Secret

MANY, LOOPS = 50, 6


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.fixture
def auth(server: ScriptedServer, way: Way) -> BearerAuthBase:
    return way.auth(token_url=server.token_url, client_id=CLIENT_ID, client_secret=SECRET)


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    """Another origin: its port differs."""
    with scripted_server() as running:
        yield running


def sent(server: ScriptedServer) -> list[str]:
    return [found.headers["authorization"] for found in server.api_requests]


def test_a_token_is_got_once_and_kept(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    replies = [way(auth, server.api_url) for _ in range(3)]

    assert [reply.number for reply in replies] == ["1"] * 3
    assert len(server.token_requests) == 1


def test_the_environment_is_enough(
    server: ScriptedServer, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_TOKEN_URL", server.token_url)
    monkeypatch.setenv("GATEPASS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", SECRET)

    assert way(way.auth.from_env(), server.api_url).number == "1"


def test_a_token_is_renewed_before_it_expires(
    server: ScriptedServer, settings: ClientSettings, way: Way
) -> None:
    clock = CallerClock()
    auth = way.auth.sharing(TokenSource(settings, now=clock))
    used = []
    for seconds in (0, 2870, 3250):  # of 3600: fresh, fresh, surely stale
        clock.now = 1000.0 + seconds
        used.append(way(auth, server.api_url).number)

    assert used == ["1", "1", "2"]


@pytest.mark.spec("RFC 6750", "2.1")
def test_a_401_renews_the_token_and_sends_the_request_once_more(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    way(auth, server.api_url)
    server.revoked.add("pass-1")

    assert way(auth, server.api_url, b'{"a":1}') == Reply(200, b'body: {"a":1}', "2")
    assert sent(server)[1:] == ["Bearer pass-1", "Bearer pass-2"]


def test_a_second_401_goes_to_the_caller(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    server.revoke_all = True

    assert way(auth, server.api_url) == Reply(401, b"who are you?", None)
    assert (len(server.api_requests), len(server.token_requests)) == (2, 2)


def test_an_api_that_refuses_every_token_does_not_make_a_token_request_of_each_call(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    server.revoke_all = True

    assert [way(auth, server.api_url).status for _ in range(3)] == [401] * 3
    assert (len(server.api_requests), len(server.token_requests)) == (4, 2)


def test_a_body_that_is_spent_is_not_sent_again(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    server.revoke_all = True

    assert way(auth, server.api_url, way.spent()) == Reply(401, b"who are you?", None)
    assert [found.body for found in server.api_requests] == [PART]


def test_a_401_to_a_body_that_is_spent_drops_the_token_for_the_next_request(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    way(auth, server.api_url)
    server.revoked.add("pass-1")

    replies = [way(auth, server.api_url, way.spent()) for _ in range(2)]

    assert replies == [Reply(401, b"who are you?", None), Reply(200, b"body: once", "2")]


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("status", [403, 503])
def test_other_answers_of_the_api_are_the_callers_business(
    server: ScriptedServer, auth: BearerAuthBase, way: Way, status: int
) -> None:
    """Also a 403 insufficient_scope: a new token has the same scope."""
    server.api_status = status

    assert way(auth, server.api_url).status == status
    assert (len(server.api_requests), len(server.token_requests)) == (1, 1)


def test_a_refusal_is_raised_at_once_and_the_api_is_not_called(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    server.responses.append(json_response(401, error="invalid_client", error_description="No."))

    with pytest.raises(TokenRefused) as caught:
        way(auth, server.api_url)

    assert (caught.value.error, caught.value.description) == ("invalid_client", "No.")
    assert (len(server.token_requests), len(server.api_requests)) == (1, 0)


def test_a_renewal_refused_after_a_401_is_raised_and_nothing_goes_without_a_token(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    way(auth, server.api_url)
    server.revoked.add("pass-1")
    server.responses.append(json_response(401, error="invalid_client"))

    with pytest.raises(TokenRefused):
        way(auth, server.api_url)

    assert sent(server) == ["Bearer pass-1"] * 2


def test_fifty_callers_make_one_token_request(
    server: ScriptedServer, settings: ClientSettings, way: Way
) -> None:
    clock = CallerClock(callers=MANY)
    server.before_token = clock.wait_for_callers
    auth = way.auth.sharing(TokenSource(settings, now=clock))

    assert way.many(auth, server.api_url, MANY) == [Reply(200, b"body: ", "1")] * MANY
    assert len(server.token_requests) == 1


def test_callers_of_several_clients_and_event_loops_make_one_token_request(
    server: ScriptedServer, settings: ClientSettings, way: Way
) -> None:
    clock = CallerClock(callers=LOOPS)
    server.before_token = clock.wait_for_callers
    auth = way.auth.sharing(TokenSource(settings, now=clock))

    replies = in_threads(LOOPS, partial(way, auth, server.api_url))

    assert replies == [Reply(200, b"body: ", "1")] * LOOPS
    assert len(server.token_requests) == 1


def test_fifty_callers_whose_token_is_refused_renew_it_once(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    way(auth, server.api_url)
    server.revoked.add("pass-1")

    assert way.many(auth, server.api_url, MANY) == [Reply(200, b"body: ", "2")] * MANY
    assert len(server.token_requests) == 2


@pytest.mark.spec("RFC 6750", "5.3")
def test_a_redirect_takes_no_token_to_another_origin_not_even_after_a_401_there(
    server: ScriptedServer, other: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    server.redirects["/moved"] = other.api_url

    reply = way(auth, f"{server.url}/moved", b"body")

    assert reply == Reply(401, b"who are you?", None)
    assert ["authorization" in found.headers for found in other.received] == [False]
    assert [found.path for found in server.received] == ["/token", "/moved"]


def test_a_redirect_of_the_same_origin_keeps_the_token_and_a_renewed_one_too(
    server: ScriptedServer, auth: BearerAuthBase, way: Way
) -> None:
    server.redirects["/moved"] = "/api"
    way(auth, f"{server.url}/moved", b"before")
    server.revoked.add("pass-1")

    reply = way(auth, f"{server.url}/moved", b"after")

    assert reply == Reply(200, b"body: after", "2")
    assert len(server.token_requests) == 2


@pytest.mark.spec("RFC 6750", "5.3")
def test_neither_secret_nor_token_is_seen_in_reprs_errors_or_logs(
    server: ScriptedServer, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "gps_live_kept-to-myself"
    auth = way.auth(token_url=server.token_url, client_id="id", client_secret=secret)
    way(auth, server.api_url)
    server.revoked.add("pass-1")
    header = basic.write("id", Secret(secret))
    echo = f"bad {secret} in {header}"
    server.responses.append(json_response(401, error="invalid_client", error_description=echo))
    with pytest.raises(TokenRefused) as caught:
        way(auth, server.api_url)

    texts = [repr(auth), repr(vars(auth)), str(caught.value), repr(caught.value), caplog.text]
    assert "token renewed" in caplog.text
    for word in (secret, "pass-1", header.removeprefix("Basic ")):
        assert not any(word in text for text in texts)


def test_one_adapter_after_another_shares_a_source(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_TOKEN_URL", server.token_url)
    monkeypatch.setenv("GATEPASS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", SECRET)
    first, *others = [way.auth.from_env() for way in WAYS.values()]

    assert all(other.source is first.source for other in others)
