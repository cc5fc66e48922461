"""A token that is kept fresh in the background."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from client.fake_sender import REFUSAL, FakeSender
from client.processes import TIMEOUT, CallerClock
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.background_refresh import BackgroundRefresh
from gatepass.client.tokens.source import TokenSource

SETTINGS = ClientSettings("https://app.example.com/token", "id", "hush-hush")
BACKGROUND = "gatepass-keep-fresh"


@pytest.fixture
def issuer() -> FakeSender:
    return FakeSender()


@pytest.fixture
def clock() -> CallerClock:
    return CallerClock()


def of(issuer: FakeSender, clock: CallerClock) -> TokenSource:
    return TokenSource(SETTINGS, issuer, now=clock, random=lambda: 0.5)


@contextmanager
def kept(source: TokenSource) -> Iterator[None]:
    """Keep it fresh by a background refresh that often reads the clock of the test."""
    refresh = BackgroundRefresh(source, max_interval=0.005)
    refresh.start()
    try:
        yield
    finally:
        refresh.stop()
        until(lambda: not in_the_background())


@asynccontextmanager
async def akept(source: TokenSource) -> AsyncIterator[None]:
    refresh = BackgroundRefresh(source, max_interval=0.005)
    refresh.start_task()
    try:
        yield
    finally:
        await refresh.stop_task()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


async def auntil(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not condition():  # noqa: ASYNC110 - it is of a thread or a clock
            await asyncio.sleep(0.005)


def in_the_background() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == BACKGROUND]


def test_a_stale_token_is_renewed_without_anybody_asking(
    issuer: FakeSender, clock: CallerClock
) -> None:
    source = of(issuer, clock)
    with kept(source):
        until(lambda: issuer.issued == 1)
        clock.now += 900
        until(lambda: issuer.issued == 2)

    assert source.token().value == "pass-2"
    assert issuer.requests == 2


def test_it_begins_with_the_first_token_and_ends_with_close(
    issuer: FakeSender, clock: CallerClock
) -> None:
    source = TokenSource(SETTINGS, issuer, keep_fresh=True, now=clock)
    before = in_the_background()
    source.token()
    source.invalidate(source.token())
    source.token()
    meanwhile = in_the_background()
    source.close()
    until(lambda: not in_the_background())
    clock.now += 2000

    assert (before, len(meanwhile)) == ([], 1)
    assert source.token().value == "pass-3"  # a closed source goes on, without a background
    assert not in_the_background()


def test_a_source_that_is_entered_gets_its_token_at_once(
    issuer: FakeSender, clock: CallerClock
) -> None:
    with TokenSource(SETTINGS, issuer, keep_fresh=True, now=clock) as source:
        until(lambda: issuer.issued == 1)
    until(lambda: not in_the_background())

    assert source.status().renewals == 1


def test_it_ends_when_nobody_holds_the_source_any_longer(
    issuer: FakeSender, clock: CallerClock
) -> None:
    source = of(issuer, clock)
    BackgroundRefresh(source, max_interval=0.005).start()
    until(lambda: issuer.issued == 1)
    (thread,) = in_the_background()
    del source

    def has_ended() -> bool:
        gc.collect()
        return not thread.is_alive()

    until(has_ended)


def test_what_fails_in_the_background_is_tried_again_after_a_rest(
    issuer: FakeSender, clock: CallerClock
) -> None:
    issuer.error = REFUSAL
    source = of(issuer, clock)
    with kept(source):
        until(lambda: source.status().refusals == 1)
        issuer.error = None
        asked_too_soon = issuer.requests
        clock.now += 11
        until(lambda: issuer.issued == 1)

    assert asked_too_soon == 1


def test_in_an_event_loop_a_task_does_it(issuer: FakeSender, clock: CallerClock) -> None:
    async def story() -> tuple[str, int]:
        source = of(issuer, clock)
        async with akept(source):
            await auntil(lambda: issuer.issued == 1)
            issuer.error = REFUSAL
            clock.now += 900
            await auntil(lambda: source.status().failures == 1)
            issuer.error = None
            clock.now += 31
            await auntil(lambda: issuer.issued == 2)
        return (await source.atoken()).value, len(in_the_background())

    assert asyncio.run(story()) == ("pass-2", 0)
    assert issuer.requests == 3


def test_a_source_entered_in_an_event_loop_has_a_task_and_no_thread(
    issuer: FakeSender, clock: CallerClock
) -> None:
    async def story() -> list[threading.Thread]:
        async with TokenSource(SETTINGS, issuer, keep_fresh=True, now=clock) as source:
            await auntil(lambda: issuer.issued == 1)
            source.invalidate(await source.atoken())
            await source.atoken()
            return in_the_background()

    assert asyncio.run(story()) == []


def test_a_task_ends_when_nobody_holds_the_source_any_longer(
    issuer: FakeSender, clock: CallerClock
) -> None:
    async def story() -> None:
        source = of(issuer, clock)
        BackgroundRefresh(source, max_interval=0.005).start_task()
        await auntil(lambda: issuer.issued == 1)
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        del source
        gc.collect()
        await auntil(task.done)

    asyncio.run(story())


def test_a_task_that_never_began_is_ended_all_the_same(
    issuer: FakeSender, clock: CallerClock
) -> None:
    asyncio.run(BackgroundRefresh(of(issuer, clock)).stop_task())

    assert issuer.requests == 0


def test_without_it_a_context_is_a_context_all_the_same(
    issuer: FakeSender, clock: CallerClock
) -> None:
    async def story() -> str:
        async with TokenSource(SETTINGS, issuer, now=clock) as source:
            return (await source.atoken()).value

    with TokenSource(SETTINGS, issuer, now=clock) as source:
        assert source.token().value == "pass-1"
    assert asyncio.run(story()) == "pass-2"
    assert not in_the_background()
