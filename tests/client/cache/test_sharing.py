"""Tokens that are shared: by all of a process who want the same one, and by processes."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from client import many_sources
from client.fake_sender import REFUSAL, FakeSender
from client.fake_server import CLIENT_ID, SECRET, ScriptedServer
from client.processes import TIMEOUT, CallerClock
from gatepass.client.cache.file_cache import Entry, FileCache
from gatepass.client.httpx2 import BearerAuth
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.clock import ClockReading
from gatepass.client.tokens.source import TokenSource, shared_source
from gatepass.wire.secret import Secret

pytestmark = pytest.mark.slow

URL = "https://app.example.com/token"
SETTINGS = ClientSettings(URL, "id", "hush-hush")


@pytest.fixture
def clock() -> CallerClock:
    return CallerClock()


@pytest.fixture
def cache(tmp_path: Path, clock: CallerClock) -> FileCache:
    return FileCache(
        tmp_path / "cache", read_clock=lambda: ClockReading(clock.now, clock.now, "boot")
    )


def process(issuer: FakeSender, cache: FileCache, clock: CallerClock) -> TokenSource:
    """Return a source that shares with others only what another process would."""
    return TokenSource(SETTINGS, issuer, cache=cache, now=clock, random=lambda: 0.5)


def test_who_asks_with_the_same_settings_shares_one_source() -> None:
    source = shared_source(ClientSettings(URL, "id", "hush-hush"))

    assert shared_source(ClientSettings(URL, "id", ["hush-hush"], "", [])) is source
    assert BearerAuth(token_url=URL, client_id="id", client_secret="hush-hush").source is source


@pytest.mark.parametrize(
    "other",
    [
        ClientSettings(f"{URL}/", "id", "hush-hush"),
        ClientSettings(URL, "id2", "hush-hush"),
        ClientSettings(URL, "id", "hush"),
        ClientSettings(URL, "id", "hush-hush", "read"),
        ClientSettings(URL, "id", "hush-hush", "", "https://api.example.com"),
    ],
    ids=["url", "id", "secret", "scope", "resource"],
)
def test_who_asks_for_anything_else_does_not(other: ClientSettings) -> None:
    source = shared_source(SETTINGS)

    assert shared_source(other) is not source


@pytest.mark.parametrize("is_async", [False, True])
def test_a_second_process_uses_the_token_of_the_first(
    cache: FileCache, clock: CallerClock, *, is_async: bool
) -> None:
    issuer = FakeSender()
    first, second = (process(issuer, cache, clock) for _ in range(2))

    if is_async:
        values = [asyncio.run(source.atoken()).value for source in (first, second)]
    else:
        values = [source.token().value for source in (first, second)]

    assert values == ["pass-1", "pass-1"]
    assert issuer.requests == 1


def test_a_stale_token_that_another_process_has_renewed_is_taken_from_it(
    cache: FileCache, clock: CallerClock
) -> None:
    issuer = FakeSender()
    first, second = (process(issuer, cache, clock) for _ in range(2))
    first.token()
    second.token()
    clock.now += 900

    assert [first.token().value, second.token().value] == ["pass-2", "pass-2"]
    assert issuer.requests == 2


def test_while_another_process_renews_the_stale_token_is_used_on(
    cache: FileCache, clock: CallerClock
) -> None:
    issuer = FakeSender()
    first, second = (process(issuer, cache, clock) for _ in range(2))
    first.token()
    second.token()
    clock.now += 900
    meanwhile: list[str] = []
    issuer.before = lambda: meanwhile.append(second.token().value)

    assert first.token().value == "pass-2"
    assert meanwhile == ["pass-1"]


def test_a_token_that_an_api_refused_is_not_taken_from_another_process(
    cache: FileCache, clock: CallerClock
) -> None:
    issuer = FakeSender()
    first, second = (process(issuer, cache, clock) for _ in range(2))
    first.token()
    second.invalidate(second.token())

    assert second.token().value == "pass-2"


def test_a_stale_token_of_another_process_is_better_than_none(
    cache: FileCache, clock: CallerClock
) -> None:
    issuer = FakeSender()
    process(issuer, cache, clock).token()
    clock.now += 900
    issuer.error = REFUSAL

    assert process(issuer, cache, clock).token().value == "pass-1"


class Watched:
    """A cache that reports when a caller is about to wait for its lock."""

    def __init__(self, cache: FileCache) -> None:
        self.cache = cache
        self.about_to_lock = Event()

    def entry(self, key: Sequence[str], secrets: Sequence[Secret]) -> Entry:
        entry = self.cache.entry(key, secrets)
        lock = entry.lock

        def watched(timeout: float) -> bool:
            self.about_to_lock.set()
            return lock(timeout)

        entry.lock = watched  # type: ignore[method-assign]
        return entry


def test_who_has_waited_for_another_process_uses_what_it_got(
    cache: FileCache, clock: CallerClock
) -> None:
    issuer = FakeSender()
    watched = Watched(cache)
    first = process(issuer, cache, clock)
    second = TokenSource(SETTINGS, issuer, cache=watched, now=clock)
    received: list[str] = []
    waiting = Thread(target=lambda: received.append(second.token().value))

    def write_first() -> None:
        waiting.start()
        watched.about_to_lock.wait(TIMEOUT)

    issuer.before = write_first
    first.token()
    waiting.join(TIMEOUT)

    assert received == ["pass-1"]
    assert issuer.requests == 1


def test_two_hundred_processes_make_one_token_request(
    server: ScriptedServer, tmp_path: Path
) -> None:
    program = str(Path(many_sources.__file__))
    arguments = [server.token_url, CLIENT_ID, SECRET, str(tmp_path / "cache"), "200"]

    done = subprocess.run([sys.executable, program, *arguments], check=True, capture_output=True)

    assert Counter(json.loads(done.stdout)) == {"pass-1": 200}
    assert len(server.token_requests) == 1
