"""However a request arrives, it is answered once, in order, and the same as by ASGI."""

import asyncio
import gc
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gatepass.server.serving.http1.head import Head
from server.fixtures import Client, InProcessServer, open_passive_server, raw_basic
from server.serving.fast_path.play import Play, played, said
from server.serving.fast_path.requests import Ask

_STATUS = re.compile(rb"HTTP/1.1 (\d+) ")
_TOKEN = re.compile(rb"gpa_live_[0-9A-Za-z]+")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path_factory.mktemp("lane") / "data") as opened:
        yield opened


@pytest.fixture(scope="module")
def client(server: InProcessServer) -> Client:
    registered = server.register()
    server.token(registered)  # from now on it is in memory
    return registered


@pytest.fixture(scope="module")
def plain(client: Client) -> Ask:
    return Ask(authorization=(raw_basic(f"{client.client_id}:{client.secret.value}".encode()),))


def statuses(play: Play) -> list[int]:
    return [int(each) for each in _STATUS.findall(play.heard)]


def changed(plain: Ask, **changes: object) -> bytes:
    return Ask(**{**vars(plain), **changes}).raw()


def test_a_plain_request_is_answered_by_the_lane_in_one_write(
    server: InProcessServer, plain: Ask
) -> None:
    play = said(server, plain.raw())

    assert play.by_fast_path == 1
    assert statuses(play) == [200]
    assert len(play.transport.writes) == 1


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/token/?x=1", "/oauth2/token/?"])
def test_slash_and_query_make_no_difference_to_the_lane(
    server: InProcessServer, plain: Ask, path: str
) -> None:
    play = said(server, changed(plain, path=path))

    assert (play.by_fast_path, statuses(play)) == (1, [200])


def test_repeated_requests_and_others_between_them_are_answered_each_by_itself(
    server: InProcessServer, client: Client, plain: Ask
) -> None:
    wrong = client.secret.value[:-1] + ("a" if client.secret.value[-1] != "a" else "b")
    stranger = raw_basic(f"{client.client_id}:{wrong}".encode())
    raw = plain.raw()
    good, other_body = raw, raw.replace(b"client_credentials", b"authorization_code")
    bad = changed(plain, authorization=(stranger,))
    by_asgi = changed(plain, more=(("Origin", "https://app.example"), ("Expect", "100-continue")))
    assert len(good) == len(bad) == len(other_body)

    play = said(server, good, good, bad, bad, good, other_body, good, by_asgi, by_asgi, good + good)

    by_turns = [200, 200, 401, 401, 200, 400, 200]
    assert statuses(play)[:7] == by_turns
    assert [each for each in statuses(play)[7:] if each != 100] == [200] * 4
    assert len(set(_TOKEN.findall(play.heard))) == 8


@pytest.mark.parametrize("more", [(("X-Long", "x" * 1024),), (("X", "y"),) * 16])
def test_a_connection_keeps_no_large_head(
    server: InProcessServer, plain: Ask, more: tuple[tuple[str, str], ...]
) -> None:
    before, counts = heads_in_memory(), []

    async def scene(play: Play) -> None:
        for raw in (changed(plain, more=more), plain.raw()):
            await play.say(raw)
            counts.append(heads_in_memory() - before)

    play = played(server, scene)

    assert statuses(play) == [200, 200]
    assert counts == [0, 1]


def heads_in_memory() -> int:
    gc.collect()
    return sum(type(each) is Head for each in gc.get_objects())


@pytest.mark.slow
def test_a_request_split_at_any_byte_is_answered_once(server: InProcessServer, plain: Ask) -> None:
    raw = plain.raw()
    head = raw.index(b"\r\n\r\n") + 4
    by_fast_path = []
    for at in range(1, len(raw)):
        play = said(server, raw[:at], raw[at:])
        assert statuses(play) == [200], at
        assert len(_TOKEN.findall(play.heard)) == 1
        by_fast_path.append(play.by_fast_path)

    # The lane waits for the rest of a head, but leaves waiting for a body to uvicorn.
    assert by_fast_path == [1] * (head - 1) + [0] * (len(raw) - head)


def test_a_request_may_come_byte_by_byte(server: InProcessServer, plain: Ask) -> None:
    raw = plain.raw()
    play = said(server, *(raw[at : at + 1] for at in range(len(raw))))

    assert (play.by_fast_path, statuses(play)) == (0, [200])


def test_the_connection_is_good_for_the_lane_again_after_a_request_by_asgi(
    server: InProcessServer, plain: Ask
) -> None:
    raw = plain.raw()
    play = said(server, raw[:-5], raw[-5:], raw, changed(plain, path="/healthz"), raw, raw)

    assert (play.by_fast_path, statuses(play)) == (3, [200, 200, 405, 200, 200])


@pytest.mark.parametrize("count", [2, 3, 50])
def test_requests_in_one_piece_are_answered_in_their_order(
    server: InProcessServer, plain: Ask, count: int
) -> None:
    scopes = ["read", "write", "read write"]
    bodies = [f"grant_type=client_credentials&scope={scope}" for scope in scopes]
    asked = [bodies[number % 3].encode() for number in range(count)]
    pieces = b"".join(changed(plain, body=body) for body in asked)

    async def scene(play: Play) -> None:
        await play.say(pieces)
        while len(statuses(play)) < count:
            await play.rest()

    play = played(server, scene)

    assert statuses(play) == [200] * count
    told = re.findall(rb'"scope": "([^"]+)"', play.heard)
    assert told == [scopes[number % 3].encode() for number in range(count)]
    assert play.by_fast_path == count


def test_who_sends_many_requests_at_once_leaves_others_their_turn(
    server: InProcessServer, plain: Ask
) -> None:
    turns = []

    async def scene(play: Play) -> None:
        play.protocol.data_received(plain.raw() * 200)
        while len(statuses(play)) < 200:
            turns.append(len(statuses(play)))
            await asyncio.sleep(0)

    play = played(server, scene)

    assert max(after - before for before, after in pairwise([*turns, 200])) <= 16
    assert statuses(play) == [200] * 200
    assert play.by_fast_path == 200


def test_a_request_behind_one_that_is_still_being_answered_waits_for_it(
    server: InProcessServer, plain: Ask
) -> None:
    async def scene(play: Play) -> None:
        raw = plain.raw()
        play.protocol.data_received(changed(plain, path="/nowhere"))  # takes a thread's time
        play.protocol.data_received(raw)
        while len(statuses(play)) < 2:
            await play.rest()

    play = played(server, scene)

    assert (play.by_fast_path, statuses(play)) == (1, [404, 200])


def test_what_follows_a_last_request_is_not_done(server: InProcessServer, plain: Ask) -> None:
    last = changed(plain, more=(("Connection", "close"),))
    play = said(server, last + plain.raw())

    assert statuses(play) == [200]
    assert play.transport.is_closed


@pytest.mark.spec("RFC 9110", "7.6.1")
@pytest.mark.parametrize(
    "changes",
    [
        {"version": "HTTP/1.0"},
        {"version": "HTTP/1.0", "more": (("Connection", "keep-alive"),)},
        {"more": (("Connection", "close"),)},
        {"more": (("connection", "Close, x"),)},
    ],
)
def test_a_last_request_closes_the_connection(
    server: InProcessServer, plain: Ask, changes: dict[str, object]
) -> None:
    play = said(server, changed(plain, **changes))

    assert statuses(play) == [200]
    assert play.transport.is_closed
    assert b"\r\nconnection: close\r\n" in play.heard


def test_a_request_before_nonsense_is_answered_and_then_the_connection_ends(
    server: InProcessServer, plain: Ask
) -> None:
    play = said(server, plain.raw() + b"\0nonsense", plain.raw())

    assert statuses(play) == [200, 400]
    assert play.transport.has_eof


@pytest.mark.parametrize("size", [1, 7])
def test_chunks_are_left_to_asgi(server: InProcessServer, plain: Ask, size: int) -> None:
    body = plain.body
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (*chunks, b""))
    more = (("Transfer-Encoding", "chunked"),)
    play = said(server, changed(plain, body=framed, length=(), more=more))

    assert (play.by_fast_path, statuses(play)) == (0, [200])


@pytest.mark.spec("RFC 9110", "10.1.1")
def test_who_expects_to_be_told_to_go_on_is_told(server: InProcessServer, plain: Ask) -> None:
    raw = changed(plain, more=(("Expect", "100-continue"),))
    head = raw.index(b"\r\n\r\n") + 4
    play = said(server, raw[:head], raw[head:])

    assert (play.by_fast_path, statuses(play)) == (0, [100, 200])


@pytest.mark.parametrize(("method", "size"), [("GET", 1), ("HEAD", 0)])
def test_other_methods_are_refused(
    server: InProcessServer, plain: Ask, method: str, size: int
) -> None:
    play = said(server, changed(plain, method=method, body=b""))

    assert (play.by_fast_path, statuses(play)) == (0, [405])
    assert play.heard.count(b"invalid_request") == size


@pytest.mark.spec("RFC 9110", "15.5.14")
@pytest.mark.parametrize(("more", "status"), [(0, 400), (1, 413), (100_000, 413)])
def test_the_longest_body_is_the_same(
    server: InProcessServer, plain: Ask, more: int, status: int
) -> None:
    body = b"x=".ljust(64 * 1024 + more, b"y")  # one value of more than 4 KiB
    play = said(server, changed(plain, body=body))

    assert (play.by_fast_path, statuses(play)) == (int(more == 0), [status])


def test_a_refusal_by_the_lane_is_logged_and_counted_once(
    server: InProcessServer, client: Client, plain: Ask
) -> None:
    server.environment().usage.take(server.clock())
    with capture_logs() as logged:
        play = said(server, changed(plain, body=plain.body + b"&scope=admin"))

    assert (play.by_fast_path, statuses(play)) == (1, [400])
    assert [(each["event"], each["client_id"]) for each in logged] == [
        ("client.refused", client.client_id)
    ]
    batch = server.environment().usage.take(server.clock())
    assert batch
    assert [told.times for told in batch.refusals.values()] == [1]


@pytest.mark.parametrize("reads_directly", [True, False], ids=["SQLite", "as on PostgreSQL"])
def test_what_is_not_in_memory_is_fetched_and_counted_once(
    tmp_path: Path, *, reads_directly: bool
) -> None:
    with open_passive_server(tmp_path / "data") as fresh_server:
        database = fresh_server.environment().database
        if not reads_directly:
            database.direct_reads = None
        new = fresh_server.register()
        basic = raw_basic(f"{new.client_id}:wrong".encode())
        raw = Ask(authorization=(basic,)).raw()

        async def scene(play: Play) -> None:
            for count in (1, 2):
                play.protocol.data_received(raw)
                while len(statuses(play)) < count:
                    await play.rest()

        play = played(fresh_server, scene)
        batch = fresh_server.environment().usage.take(fresh_server.clock())

    assert (play.by_fast_path, statuses(play)) == (2, [401, 401])
    assert batch
    assert [told.times for told in batch.refusals.values()] == [2]


def test_a_bug_is_answered_blandly_by_the_lane_too(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as fresh_server:
        new = fresh_server.register()
        fresh_server.token(new)
        basic = raw_basic(f"{new.client_id}:{new.secret.value}".encode())
        fresh_server.environment().state.__dict__.pop(
            "keys"
        )  # what no run of the server brings about
        with capture_logs() as logged:
            play = said(fresh_server, Ask(authorization=(basic,)).raw())

    assert (play.by_fast_path, statuses(play)) == (1, [500])
    assert b"keys" not in play.heard
    assert [each["event"] for each in logged] == ["request.failed"]
