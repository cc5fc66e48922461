"""Waiting for news on real event loops; the waits are long, and what is tested ends them."""

import asyncio

from gatepass.server.domain.revocations.feed.notifier import Notifier

_LONG = 60.0  # seconds


def _no() -> bool:
    return False


async def _all_wait(news: Notifier, count: int) -> None:
    while len(news) < count:  # noqa: ASYNC110 - as they do it themselves
        await asyncio.sleep(0)


def test_a_thousand_readers_are_woken_by_another_thread() -> None:
    async def crowd() -> list[None]:
        news = Notifier()
        waiting = [asyncio.create_task(news.wait(_no, _LONG)) for _ in range(1000)]
        await _all_wait(news, 1000)
        await asyncio.to_thread(news.notify)
        woken = await asyncio.gather(*waiting)
        assert len(news) == 0
        return woken

    assert len(asyncio.run(crowd())) == 1000


def test_others_are_served_between_the_readers_that_wake() -> None:
    async def crowd() -> int:
        news, turns = Notifier(), 0
        waiting = [asyncio.create_task(news.wait(_no, _LONG)) for _ in range(1000)]
        await _all_wait(news, 1000)
        news.notify()
        while not all(each.done() for each in waiting):
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(crowd()) >= 1000 / 50


def test_what_has_come_before_is_not_waited_for() -> None:
    asked: list[str] = []

    def has_come() -> bool:
        asked.append("once")
        return True

    asyncio.run(Notifier().wait(has_come, _LONG))

    assert asked == ["once"]


def test_a_wait_is_over_after_its_time() -> None:
    news = Notifier()

    asyncio.run(news.wait(_no, 0))

    assert len(news) == 0


def test_who_goes_away_is_forgotten() -> None:
    async def leave() -> int:
        news = Notifier()
        reader = asyncio.create_task(news.wait(_no, _LONG))
        await _all_wait(news, 1)
        reader.cancel()
        await asyncio.wait([reader])
        left = len(news)
        news.notify()
        return left

    assert asyncio.run(leave()) == 0


def test_a_loop_that_has_ended_hinders_nobody() -> None:
    news = Notifier()
    loop = asyncio.new_event_loop()
    reader = loop.create_task(news.wait(_no, _LONG))
    loop.run_until_complete(_all_wait(news, 1))
    loop.close()

    news.notify()

    assert len(news) == 0
    reader.get_coro().close()


def test_at_the_end_nobody_waits_any_more() -> None:
    async def end() -> None:
        news = Notifier()
        reader = asyncio.create_task(news.wait(_no, _LONG))
        await _all_wait(news, 1)
        news.close()
        await reader
        await news.wait(_no, _LONG)

    asyncio.run(end())


def test_it_is_full_when_as_many_wait_as_may() -> None:
    async def scene() -> list[bool]:
        news = Notifier(most=2)
        full = []
        waiting = []
        for _ in range(3):
            full.append(news.is_full)
            waiting.append(asyncio.create_task(news.wait(lambda: False, 60)))
            await asyncio.sleep(0)
        news.notify()
        await asyncio.gather(*waiting)
        return [*full, news.is_full]

    assert asyncio.run(scene()) == [False, False, True, False]
