"""A connection's life: kept while it is used, closed when idle, full or at the end."""

from collections.abc import Iterator

import pytest

from server.fixtures import InProcessServer, open_passive_server, raw_basic
from server.serving.fast_path.doors import Door, door
from server.serving.fast_path.play import Play, played
from server.serving.fast_path.requests import Ask

_LAST_REQUEST = 0.5  # seconds
_IDLE = 75.0  # seconds, longer than the 60 s that most load balancers keep
_HEADER = 10.0
_BODY = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path_factory.mktemp("lane") / "data") as opened:
        yield opened


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("served") / "data") as opened:
        yield opened


def asking(server: InProcessServer) -> bytes:
    """Register an application that is in memory, and give its request for a token."""
    client = server.register()
    server.token(client)
    basic = raw_basic(f"{client.client_id}:{client.secret.value}".encode())
    return Ask(authorization=(basic,)).raw()


def test_a_connection_is_closed_when_nothing_comes_for_the_time_after_the_last_answer(
    server: InProcessServer,
) -> None:
    raw = asking(server)
    open_at = []

    async def scene(play: Play) -> None:
        await play.say(raw)
        await play.until(_IDLE - 1)
        await play.say(raw)
        for seconds in (_IDLE, _IDLE + 1, 2 * _IDLE - 1.1, 2 * _IDLE - 0.9):
            await play.until(seconds)
            open_at.append(not play.transport.is_closed)

    assert played(server, scene).by_fast_path == 2
    assert open_at == [True, True, True, False]


def test_a_request_that_is_on_its_way_keeps_the_connection_open_for_its_own_time(
    server: InProcessServer,
) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw, raw[:50])
        await play.until(_HEADER - 0.1)
        assert not play.transport.has_eof
        await play.say(raw[50:])
        assert play.by_fast_path == 2
        await play.until(_HEADER + _IDLE - 0.2)
        assert not play.transport.is_closed
        await play.until(_HEADER + _IDLE)
        assert play.transport.is_closed

    played(server, scene)


@pytest.mark.spec("RFC 9110", "15.5.9")
@pytest.mark.parametrize("sent", [0, 1, 50])
def test_a_header_that_does_not_come_in_time_is_answered_408(
    server: InProcessServer, sent: int
) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw[:sent])
        await play.until(_HEADER - 0.1)
        assert play.heard == b""
        await play.until(_HEADER)
        await play.say(raw[sent:])

    play = played(server, scene)

    assert play.heard.startswith(b"HTTP/1.1 408 ")
    assert play.heard.count(b"HTTP/1.1") == 1
    assert play.transport.has_eof


@pytest.mark.spec("RFC 9110", "15.5.9")
def test_a_body_that_does_not_come_in_time_is_answered_408(server: InProcessServer) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw[:-3])
        for seconds in (1, 10, 29.9):  # a byte now and then buys no time
            await play.until(seconds)
            await play.say(raw[-3:-2] if seconds == 1 else b"")
        assert play.heard == b""
        await play.until(_BODY)
        await play.say(raw[-2:])

    play = played(server, scene)

    assert play.heard.startswith(b"HTTP/1.1 408 ")
    assert play.heard.count(b"HTTP/1.1") == 1
    assert play.transport.has_eof


def test_a_body_that_does_not_come_after_its_answer_ends_the_connection_without_another(
    server: InProcessServer,
) -> None:
    refused = Ask(method="DELETE", body=b"x" * 99).raw()

    async def scene(play: Play) -> None:
        await play.say(refused[:-3])
        assert play.heard.startswith(b"HTTP/1.1 405 ")
        await play.until(_BODY)
        assert play.transport.is_closed

    assert played(server, scene).heard.count(b"HTTP/1.1") == 1


def test_uvicorn_closes_an_idle_connection_after_an_answer_by_asgi(server: InProcessServer) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw)
        await play.until(_IDLE - 1)
        await play.say(raw[:-3], raw[-3:])
        assert play.by_fast_path == 1
        await play.until(2 * _IDLE - 1.1)
        assert not play.transport.is_closed
        await play.until(2 * _IDLE - 0.9)
        assert play.transport.is_closed

    played(server, scene)


def test_a_lost_connection_leaves_no_timer_behind(server: InProcessServer) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw)
        play.protocol.connection_lost(ConnectionResetError())
        await play.until(2 * _IDLE)
        assert not play.transport.is_closed  # nobody came to close it

    played(server, scene)


def test_shutdown_closes_a_connection_between_two_requests(server: InProcessServer) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw)
        play.protocol.shutdown()
        await play.until(_LAST_REQUEST)
        assert play.transport.is_closed

    assert played(server, scene).by_fast_path == 1


def test_a_request_that_comes_while_the_server_stops_has_its_connections_last_answer(
    server: InProcessServer,
) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw)
        play.protocol.shutdown()
        await play.say(raw)
        assert play.transport.is_closed

    scene_played = played(server, scene)
    assert scene_played.by_fast_path == 1
    assert scene_played.heard.count(b"HTTP/1.1 200 OK") == 2
    assert scene_played.heard.count(b"connection: close") == 1


def test_shutdown_lets_a_request_finish_and_then_closes(server: InProcessServer) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        await play.say(raw, raw[:-3])
        play.protocol.shutdown()
        assert not play.transport.is_closed
        await play.say(raw[-3:])
        assert play.transport.is_closed
        assert play.heard.count(b"HTTP/1.1 200 OK") == 2
        assert play.heard.count(b"connection: close") == 1

    played(server, scene)


def test_who_does_not_read_is_not_written_to(server: InProcessServer) -> None:
    raw = asking(server)

    async def scene(play: Play) -> None:
        play.protocol.pause_writing()
        await play.say(raw)
        assert play.heard == b""
        play.protocol.resume_writing()
        await play.rest()
        assert play.heard.count(b"HTTP/1.1 200 OK") == 1
        await play.say(raw)
        assert play.by_fast_path == 1

    played(server, scene)


def test_one_connection_serves_for_many_requests(served: Door) -> None:
    raw = asking(served.server)
    with served.connect() as line:
        line.say(raw)
        assert line.hear()
        before = served.by_fast_path
        for _ in range(2000):
            line.say(raw)
            response = line.hear()
            assert response
            assert response.status == 200

    assert served.by_fast_path == before + 2000


def test_who_has_nothing_more_to_say_still_gets_the_answer(served: Door) -> None:
    raw = asking(served.server)
    with served.connect() as line:
        line.say(raw)
        assert line.hear()
    for _ in range(20):
        with served.connect() as line:
            line.say_last(raw)
            response = line.hear()
            assert response
            assert response.status == 200
            assert line.is_over()
