import threading

import pytest

from gatepass.concurrency.bounded_cache import BoundedCache


def test_a_full_cache_evicts_the_entry_written_longest_ago() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.put("b", 2)

    cache.put("c", 3)

    assert [cache.get("a"), cache.get("b"), cache.get("c")] == [None, 2, 3]


def test_an_entry_that_is_written_again_is_the_last_to_be_evicted() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.put("b", 2)

    cache.put("a", 3)
    cache.put("c", 4)

    assert [cache.get("a"), cache.get("b"), cache.get("c")] == [3, None, 4]


def test_an_entry_that_is_removed_makes_room_for_another() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.put("b", 2)

    assert cache.pop("a") == 1
    assert cache.pop("a") is None
    cache.put("c", 3)

    assert "b" in cache
    assert "c" in cache


def test_a_cleared_cache_is_empty_and_can_be_used() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)

    cache.clear()

    assert len(cache) == 0
    assert cache.get("a") is None
    assert cache.put("b", 2) == 2
    assert cache.get("b") == 2


def test_many_threads_never_exceed_the_size() -> None:
    cache: BoundedCache[int, int] = BoundedCache(10)
    sizes = []

    def write(start: int) -> None:
        for number in range(start, start + 2_000):
            cache.put(number % 37, number)
            sizes.append(len(cache))

    threads = [threading.Thread(target=write, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(cache) == 10
    assert max(sizes) <= 10


def test_a_cache_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        BoundedCache(0)
