"""A request whose application is not in memory waits for the look-up, and is then answered."""

import gc
import re
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import cast

import pytest

from gatepass.server.domain.applications.cache import ApplicationCache, Lookup
from gatepass.server.environment.lookup_batches import LookupBatches
from gatepass.server.storage.errors import DatabaseAwayError
from server.fixtures import Client, InProcessServer, open_passive_server, raw_basic
from server.serving.fast_path.play import Play, played
from server.serving.fast_path.requests import Ask

_STATUS = re.compile(rb"HTTP/1.1 (\d+) ")


class HeldLookups:
    """Look-ups that begin when `may_start` is set; `before_return` is done at their end."""

    def __init__(self, applications: ApplicationCache) -> None:
        self._applications = applications
        self.may_start = threading.Event()
        self.before_return: Callable[[], object] = lambda: None

    def run(self, lookups: Collection[Lookup]) -> object:
        assert self.may_start.wait(10)
        found = self._applications.run(lookups)
        self.before_return()
        return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    """A server that reads nothing on the event loop, as with PostgreSQL."""
    with open_passive_server(tmp_path / "data") as opened:
        opened.environment().database.direct_reads = None
        yield opened


@pytest.fixture
def lookups(server: InProcessServer) -> HeldLookups:
    environment = server.environment()
    held = HeldLookups(environment.applications)
    environment.lookups = LookupBatches(cast("ApplicationCache", held))
    return held


def asking(client: Client, body: bytes = Ask.body) -> bytes:
    basic = raw_basic(f"{client.client_id}:{client.secret.value}".encode())
    return Ask(authorization=(basic,), body=body).raw()


def statuses(play: Play) -> list[int]:
    return [int(each) for each in _STATUS.findall(play.heard)]


async def answered(play: Play, count: int) -> None:
    while len(statuses(play)) < count:
        await play.rest()


def test_requests_behind_one_that_waits_are_answered_after_it(
    server: InProcessServer, lookups: HeldLookups
) -> None:
    known, new = server.register(), server.register()
    server.environment().applications.run((Lookup(known.client_id),))
    wrong = asking(known, body=b"grant_type=password")

    async def scene(play: Play) -> None:
        await play.say(asking(new) + wrong, wrong)
        assert play.heard == b""
        lookups.may_start.set()
        await answered(play, 3)

    play = played(server, scene)

    assert (play.by_fast_path, statuses(play)) == (3, [200, 400, 400])


def test_nothing_is_written_to_a_client_that_has_gone(
    server: InProcessServer, lookups: HeldLookups
) -> None:
    raw = asking(server.register())
    is_done = threading.Event()
    lookups.before_return = is_done.set

    async def scene(play: Play) -> None:
        await play.say(raw)
        play.protocol.connection_lost(None)
        lookups.may_start.set()
        while not is_done.is_set():
            await play.rest()
        await play.rest()

    play = played(server, scene)

    assert (play.by_fast_path, play.heard) == (0, b"")


def test_a_look_up_that_fails_for_a_client_that_has_gone_is_not_logged_as_lost(
    server: InProcessServer, lookups: HeldLookups, caplog: pytest.LogCaptureFixture
) -> None:
    raw = asking(server.register())
    is_done = threading.Event()

    def fail() -> None:
        is_done.set()
        raise DatabaseAwayError("connection lost")

    lookups.before_return = fail

    async def scene(play: Play) -> None:
        await play.say(raw)
        play.protocol.connection_lost(None)
        lookups.may_start.set()
        while not is_done.is_set():
            await play.rest()

    played(server, scene)
    gc.collect()

    assert [each for each in caplog.records if each.name == "asyncio"] == []


def test_shutdown_lets_a_request_that_waits_finish_and_then_closes(
    server: InProcessServer, lookups: HeldLookups
) -> None:
    raw = asking(server.register())

    async def scene(play: Play) -> None:
        await play.say(raw)
        play.protocol.shutdown()
        await play.until(60)
        assert not play.transport.is_closed
        lookups.may_start.set()
        await answered(play, 1)
        await play.rest()
        assert play.transport.is_closed

    play = played(server, scene)

    assert statuses(play) == [200]
    assert play.heard.count(b"connection: close") == 1


def test_a_look_up_that_fails_is_answered_503_and_the_next_request_asks_again(
    server: InProcessServer, lookups: HeldLookups
) -> None:
    raw = asking(server.register())

    def fail() -> None:
        raise DatabaseAwayError("connection lost")

    async def scene(play: Play) -> None:
        lookups.may_start.set()
        lookups.before_return = fail
        await play.say(raw)
        await answered(play, 1)
        lookups.before_return = lambda: None
        await play.say(raw)
        await answered(play, 2)

    play = played(server, scene)

    assert (play.by_fast_path, statuses(play)) == (2, [503, 200])
    assert b"retry-after: " in play.heard


def test_where_a_change_overtakes_the_look_up_the_application_answers(
    server: InProcessServer, lookups: HeldLookups
) -> None:
    new = server.register()
    environment = server.environment()
    lookups.may_start.set()

    def change() -> None:
        lookups.before_return = lambda: None
        environment.applications.drop(new.application.id)

    lookups.before_return = change

    async def scene(play: Play) -> None:
        await play.say(asking(new))
        await answered(play, 1)
        await play.say(asking(new))
        await answered(play, 2)

    play = played(server, scene)

    assert (play.by_fast_path, statuses(play)) == (1, [200, 200])


def test_shutdown_closes_a_connection_after_the_request_that_follows_one_that_waited(
    server: InProcessServer, lookups: HeldLookups
) -> None:
    raw = asking(server.register())
    lookups.may_start.set()

    async def scene(play: Play) -> None:
        await play.say(raw)
        await answered(play, 1)
        await play.say(raw[:-3])
        play.protocol.shutdown()
        await play.say(raw[-3:])
        assert play.transport.is_closed

    play = played(server, scene)

    assert statuses(play) == [200, 200]
    assert play.heard.count(b"connection: close") == 1
