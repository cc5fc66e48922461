import threading
from typing import Any

import pytest

from gatepass.concurrency.bounded_cache import BoundedCache, LruCache

Kind = type[BoundedCache[Any, Any]]
KINDS = pytest.mark.parametrize("kind", [BoundedCache, LruCache])


@KINDS
def test_a_full_cache_evicts_the_entry_written_longest_ago(kind: Kind) -> None:
    cache = kind(2)
    cache.put("a", 1)
    cache.put("b", 2)

    cache.put("c", 3)

    assert [cache.get("a"), cache.get("b"), cache.get("c")] == [None, 2, 3]


@KINDS
def test_an_entry_that_is_written_again_is_the_last_to_be_evicted(kind: Kind) -> None:
    cache = kind(2)
    cache.put("a", 1)
    cache.put("b", 2)

    cache.put("a", 3)
    cache.put("c", 4)

    assert [cache.get("a"), cache.get("b"), cache.get("c")] == [3, None, 4]


@KINDS
def test_an_entry_that_is_removed_makes_room_for_another(kind: Kind) -> None:
    cache = kind(2)
    cache.put("a", 1)
    cache.put("b", 2)

    assert cache.pop("a") == 1
    assert cache.pop("a") is None
    cache.put("c", 3)

    assert "b" in cache
    assert "c" in cache


@KINDS
def test_a_cleared_cache_is_empty_and_can_be_used(kind: Kind) -> None:
    cache = kind(2)
    cache.put("a", 1)

    cache.clear()

    assert len(cache) == 0
    assert cache.get("a") is None
    assert cache.put("b", 2) == 2
    assert cache.get("b") == 2


@KINDS
def test_many_threads_never_exceed_the_size(kind: Kind) -> None:
    cache = kind(10)
    sizes = []

    def write(start: int) -> None:
        for number in range(start, start + 2_000):
            cache.put(number % 37, number)
            cache.get(number % 11)
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


def test_what_is_read_again_and_again_outlives_any_number_of_others() -> None:
    cache: LruCache[str, int] = LruCache(100)
    for number in range(50):
        cache.put(f"hot {number}", number)

    for number in range(10_000):
        cache.put(f"cold {number}", number)
        cache.get(f"hot {number % 50}")

    assert [cache.get(f"hot {number}") for number in range(50)] == list(range(50))
    assert len(cache) == 100


def test_what_was_not_read_for_long_goes_before_what_was() -> None:
    cache: LruCache[str, int] = LruCache(3)
    for key in "abc":
        cache.put(key, 1)
    cache.get("a")

    cache.put("d", 1)
    assert "b" not in cache
    cache.put("e", 1)
    assert "c" not in cache
    cache.put("f", 1)  # nobody has read `a` since it was spared

    assert "a" not in cache


def test_a_write_spares_no_more_than_some_however_many_were_read() -> None:
    cache: LruCache[int, int] = LruCache(1000)
    for number in range(1000):
        cache.put(number, number)
        cache.get(number)

    cache.put(1000, 1000)

    assert len(cache) == 1000
    assert cache.evicted == 1
    assert 1000 in cache


@KINDS
def test_it_counts_what_it_evicts_and_nothing_else(kind: Kind) -> None:
    cache = kind(2)
    cache.put("a", 1)
    cache.put("a", 2)
    cache.pop("a")
    cache.put("b", 1)
    cache.put("c", 1)
    assert cache.evicted == 0

    cache.put("d", 1)
    cache.clear()

    assert cache.evicted == 1
