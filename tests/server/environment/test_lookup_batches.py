"""Look-ups of applications that are not in memory: together, equal ones once, never lost."""

import asyncio
import threading
from collections.abc import Collection, Mapping

import pytest

from gatepass.server.domain.applications.cache import ApplicationCache, Lookup
from gatepass.server.domain.applications.cached_application import CachedApplication, Key
from gatepass.server.environment.lookup_batches import LookupBatches
from gatepass.server.storage import deadline
from gatepass.server.storage.errors import DatabaseAwayError


class Database:
    """A database without applications, which notes each query, its keys and how long it may take.

    A query waits for `may_respond`, and then raises `error`, if there is one.
    """

    def __init__(self) -> None:
        self.queries: list[set[Key]] = []
        self.allowed: list[float] = []
        self.is_asked = threading.Semaphore(0)
        self.may_respond = threading.Event()
        self.may_respond.set()
        self.error: Exception | None = None
        self.cache = ApplicationCache(self._find, lambda _: None, 10_000)
        self.batches = LookupBatches(self.cache)

    def _find(self, keys: Collection[Key]) -> Mapping[Key, CachedApplication]:
        self.queries.append(set(keys))
        self.allowed.append(deadline.remaining())
        self.is_asked.release()
        self.may_respond.wait()
        if self.error:
            raise self.error
        return {}


async def joined(database: Database, *keys: Key) -> None:
    await asyncio.gather(*(database.batches.join(Lookup(key)) for key in keys))


def test_the_look_ups_of_one_turn_are_one_query() -> None:
    database = Database()

    asyncio.run(joined(database, "a", "b", b"id"))

    assert database.queries == [{"a", "b", b"id"}]
    assert all(database.cache.is_absent(key) for key in ("a", "b", b"id"))


def test_equal_ones_are_done_once_and_all_who_wait_go_on() -> None:
    database = Database()

    asyncio.run(joined(database, *["a"] * 50))

    assert database.queries == [{"a"}]
    assert database.cache.misses == 1


def test_who_asks_while_a_query_runs_for_the_same_waits_for_that_one() -> None:
    database = Database()
    database.may_respond.clear()

    async def run() -> None:
        first = asyncio.create_task(joined(database, "a"))
        await asyncio.to_thread(database.is_asked.acquire)
        second = asyncio.create_task(joined(database, "a"))
        await asyncio.sleep(0)
        database.may_respond.set()
        await asyncio.gather(first, second)

    asyncio.run(run())

    assert database.queries == [{"a"}]


def test_what_comes_while_a_query_runs_is_in_the_next_one() -> None:
    database = Database()
    database.may_respond.clear()

    async def run() -> None:
        running = asyncio.create_task(joined(database, "a"))
        await asyncio.to_thread(database.is_asked.acquire)
        waiting = [asyncio.create_task(joined(database, key)) for key in ("b", "c", "d")]
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(database.queries) == 1
        database.may_respond.set()
        await asyncio.gather(running, *waiting)

    asyncio.run(run())

    assert database.queries == [{"a"}, {"b", "c", "d"}]


def test_many_are_several_queries_of_bounded_size() -> None:
    database = Database()
    keys = [str(number) for number in range(1_001)]

    asyncio.run(joined(database, *keys))

    assert set().union(*database.queries) == set(keys)
    assert max(map(len, database.queries)) == 200


def test_a_failure_is_raised_to_all_who_wait_and_the_next_ask_again() -> None:
    database = Database()
    database.error = DatabaseAwayError("away")

    async def run() -> list[BaseException | None]:
        waiting = [database.batches.join(Lookup(key)) for key in ("a", "a", "b")]
        raised = await asyncio.gather(*waiting, return_exceptions=True)
        database.error = None
        await joined(database, "a")
        return raised

    assert [type(each) for each in asyncio.run(run())] == [DatabaseAwayError] * 3
    assert database.queries == [{"a", "b"}, {"a"}]


def test_a_request_that_ends_takes_nothing_from_the_others() -> None:
    database = Database()
    database.may_respond.clear()

    async def run() -> None:
        ended = asyncio.create_task(joined(database, "a"))
        other = asyncio.create_task(joined(database, "a", "b"))
        await asyncio.to_thread(database.is_asked.acquire)
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
        database.may_respond.set()
        await other

    asyncio.run(run())

    assert database.queries == [{"a", "b"}]


def test_a_query_has_the_time_that_is_left_to_the_first_who_waits() -> None:
    database = Database()

    async def run() -> None:
        with deadline.shared(0.7):
            await joined(database, "a")

    asyncio.run(run())

    [allowed] = database.allowed
    assert 0 < allowed <= 0.7


def test_without_a_thread_the_request_is_told() -> None:
    database = Database()

    async def run() -> None:
        await asyncio.get_running_loop().shutdown_default_executor()
        await joined(database, "a")

    with pytest.raises(RuntimeError):
        asyncio.run(run())
