"""What a client lives through: real connections, clocks, forks and event loops that go wrong."""

import asyncio
import gc
import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from client.fake_server import (
    CLIENT_ID,
    SECRET,
    ScriptedServer,
    json_response,
    scripted_server,
)
from client.processes import TIMEOUT, CallerClock, in_threads
from gatepass.client.errors import TokenRefused, TokenUnavailable
from gatepass.client.secrets import FromFile
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import clock
from gatepass.client.tokens.source import TokenSource
from gatepass.loopback import Response
from gatepass.wire import basic

MANY = 50
REFUSAL = json_response(401, error="invalid_client")


@pytest.fixture
def moved() -> CallerClock:
    return CallerClock()


@pytest.fixture
def source(settings: ClientSettings, moved: CallerClock) -> TokenSource:
    return TokenSource(settings, now=moved, random=lambda: 0.01)


def test_a_token_endpoint_that_is_down_at_the_start_is_found_when_it_is_up(
    moved: CallerClock,
) -> None:
    with scripted_server() as server:
        settings = ClientSettings(server.token_url, CLIENT_ID, SECRET)
        port = server.token_url.rpartition(":")[2].partition("/")[0]
    source = TokenSource(settings, now=moved, random=lambda: 0.01)
    with pytest.raises(TokenUnavailable, match="ConnectError") as caught:
        source.token()

    with scripted_server(int(port)):
        moved.now += 2
        assert source.token().value == "pass-1"
    assert caught.value.attempts == 8


def test_a_token_endpoint_that_goes_down_at_refresh_time_is_not_missed_while_the_token_lasts(
    moved: CallerClock,
) -> None:
    with scripted_server() as server:
        source = TokenSource(
            ClientSettings(server.token_url, CLIENT_ID, SECRET), now=moved, random=lambda: 0.01
        )
        source.token()
    moved.now += 3300
    while_it_lasts = source.token()
    moved.now += 300

    assert while_it_lasts.value == "pass-1"
    with pytest.raises(TokenUnavailable):
        source.token()


def test_a_token_endpoint_that_restarts_is_asked_again_by_the_same_call(
    server: ScriptedServer, source: TokenSource
) -> None:
    server.responses += [Response(0), Response(502), Response(503)]  # 0: the connection is cut

    assert source.token().value == "pass-1"
    assert len(server.token_requests) == 4


@pytest.mark.parametrize("is_async", [False, True])
def test_an_answer_that_is_cut_in_the_middle_is_no_answer(
    server: ScriptedServer, source: TokenSource, *, is_async: bool
) -> None:
    whole = json_response(access_token="half-a-token", token_type="Bearer", expires_in=60)
    server.responses.append(
        Response(200, whole.body[:25], {"Content-Length": str(len(whole.body))})
    )

    token = asyncio.run(source.atoken()) if is_async else source.token()

    assert token.value == "pass-1"


def test_a_crowd_that_meets_a_429_shares_one_wait_and_one_error(
    server: ScriptedServer, settings: ClientSettings
) -> None:
    callers_clock = CallerClock(callers=MANY)
    source = TokenSource(settings, now=callers_clock, random=lambda: 0.01)
    server.before_token = callers_clock.wait_for_callers
    server.responses.append(Response(429, b"", {"Retry-After": "60"}))

    errors = in_threads(MANY, source.token)
    with pytest.raises(TokenUnavailable):
        source.token()  # for the rest of that minute no request is sent
    callers_clock.now += 59
    with pytest.raises(TokenUnavailable):
        source.token()
    asked_meanwhile = len(server.token_requests)
    callers_clock.now += 2

    assert all(isinstance(error, TokenUnavailable) for error in errors)
    assert len(errors) == MANY
    assert asked_meanwhile == 1
    assert source.token().value == "pass-1"


def test_after_a_refusal_everyone_gets_it_at_once_and_the_rest_grows(
    server: ScriptedServer, source: TokenSource, moved: CallerClock
) -> None:
    server.responses += [REFUSAL] * 20
    asked = []
    for seconds in (0, 9, 2, 19, 2, 39, 2, 59, 2, 59, 2):
        moved.now += seconds
        with pytest.raises(TokenRefused):
            source.token()
        asked.append(len(server.token_requests))

    assert asked == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]


def test_a_slow_answer_is_waited_for_no_longer_than_the_deadline(
    server: ScriptedServer, settings: ClientSettings
) -> None:
    release = threading.Event()
    server.before_token = lambda: release.wait(TIMEOUT)
    source = TokenSource(settings, deadline=0.3)

    errors = in_threads(5, source.token)
    release.set()

    assert [type(error) for error in errors] == [TokenUnavailable] * 5
    assert len(server.token_requests) == 1


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wall_clock_that_jumps_an_hour_neither_kills_nor_prolongs_a_token(
    server: ScriptedServer, settings: ClientSettings, hours: int
) -> None:
    source = TokenSource(settings)
    before = source.token()
    monotonic = clock.now()
    with time_machine.travel(timedelta(hours=hours), tick=True):
        during = source.token()

    assert (before.value, during.value) == ("pass-1", "pass-1")
    assert before.expires_at - monotonic == pytest.approx(server.expires_in - 5, abs=60)
    assert source.status().seconds_left == pytest.approx(server.expires_in - 5, abs=60)


def test_a_forked_process_goes_on_with_the_token_and_renews_it_for_itself(
    source: TokenSource, moved: CallerClock
) -> None:
    source.token()

    def in_the_child() -> list[str]:
        kept = source.token().value
        moved.now += 3600
        return [kept, source.token().value]

    assert forked(in_the_child) == ["pass-1", "pass-2"]
    assert source.token().value == "pass-1"


def test_a_process_forked_while_a_thread_renews_does_not_wait_for_that_thread(
    server: ScriptedServer, source: TokenSource
) -> None:
    release = threading.Event()
    server.before_token = lambda: len(server.token_requests) > 1 or release.wait(TIMEOUT)
    renewing = threading.Thread(target=source.token)
    renewing.start()
    while not server.token_requests:
        pass

    issued = forked(lambda: [source.token().value])
    release.set()
    renewing.join(TIMEOUT)

    assert issued == ["pass-1"]
    assert source.token().value == "pass-2"


def forked(work: Callable[[], list[str]]) -> list[str]:
    """Do `work` in a forked process and give what it gives."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - coverage does not follow
        try:
            os.write(write, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with closing(os.fdopen(read)) as pipe:
        message = pipe.read()
    os.waitpid(pid, 0)
    result: list[str] = json.loads(message)
    return result


def test_a_loop_that_is_closed_in_the_middle_of_a_renewal_holds_nobody_up(
    server: ScriptedServer, source: TokenSource
) -> None:
    release = threading.Event()
    server.before_token = lambda: len(server.token_requests) > 1 or release.wait(TIMEOUT)
    loop = asyncio.new_event_loop()
    task = loop.create_task(source.atoken())
    while not server.token_requests:
        loop.run_until_complete(asyncio.sleep(0.001))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
    issued = source.token().value
    release.set()

    assert issued == "pass-1"


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_a_renewal_whose_loop_is_lost_without_a_word_is_overdue_at_its_deadline(
    source: TokenSource, moved: CallerClock, server: ScriptedServer
) -> None:
    lost = source.flow()
    next(lost)  # its request is never carried
    moved.now += 22

    assert source.token().value == "pass-1"
    assert len(server.token_requests) == 1
    lost.close()
    gc.collect()


def test_a_secret_rotated_while_fifty_tasks_call_fails_none_of_them(
    server: ScriptedServer, tmp_path: Path, moved: CallerClock
) -> None:
    file = tmp_path / "secret"
    file.write_text("old\n")
    file.chmod(0o600)
    settings = ClientSettings(server.token_url, CLIENT_ID, FromFile(file))
    source = TokenSource(settings, now=moved, random=lambda: 0.01)
    server.secret = "old"

    async def calls() -> set[str]:
        tokens = await asyncio.gather(*[source.atoken() for _ in range(MANY)])
        return {token.value for token in tokens}

    before = asyncio.run(calls())
    server.secret = "new"
    server.before_token = lambda: file.write_text("new\n")  # deployed a little too late
    moved.now += 3600
    after = asyncio.run(calls())

    assert (before, after) == ({"pass-1"}, {"pass-2"})
    assert [secret_of(received.headers) for received in server.token_requests] == [
        "old",
        "old",
        "new",
    ]


def test_of_two_secrets_the_second_is_tried_where_the_first_is_refused_and_first_from_then_on(
    server: ScriptedServer, moved: CallerClock
) -> None:
    settings = ClientSettings(server.token_url, CLIENT_ID, ["old", "new"])
    source = TokenSource(settings, now=moved, random=lambda: 0.01)
    server.secret = "new"

    source.token()
    moved.now += 3600
    source.token()

    tried = [secret_of(received.headers) for received in server.token_requests]
    assert tried == ["old", "new", "new"]


def secret_of(headers: Mapping[str, str]) -> str:
    return basic.read(headers["authorization"].removeprefix("Basic "))[1].value
