"""Slow work in threads, with a queue of bounded length."""

import threading

import pytest
from structlog.testing import capture_logs

from gatepass.concurrency.bounded_pool import RETRY_AFTER, BoundedPool
from gatepass.wire.errors import OAuthError


def pool(threads: int = 2, queue: int = 3) -> BoundedPool:
    return BoundedPool("test", threads, queue, say="Busy.", note="the queue is full")


def test_what_finds_the_queue_full_is_refused_and_told_when_to_come_back() -> None:
    made, release = pool(), threading.Event()
    futures = [made.submit(release.wait) for _ in range(5)]

    with pytest.raises(OAuthError) as submitted:
        made.submit(release.wait)
    with pytest.raises(OAuthError) as checked:
        made.check()
    assert (made.waiting, made.refused) == (3, 2)
    release.set()
    for each in futures:
        each.result()

    for caught in (submitted, checked):
        assert (caught.value.status, caught.value.retry_after) == (503, RETRY_AFTER)
        assert (caught.value.description, caught.value.log_detail) == ("Busy.", "the queue is full")
    made.check()
    assert made.submit(lambda: 7).result() == 7
    made.shutdown()
    assert made.waiting == 0


def test_work_that_fails_leaves_its_place() -> None:
    made = pool(threads=1, queue=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            made.submit(lambda: 1 // 0).result()

    made.shutdown()
    made.check()


def test_a_pool_that_is_shut_down_takes_nothing_and_counts_nothing() -> None:
    made = pool(threads=1, queue=0)
    made.shutdown()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            made.submit(lambda: 7)

    made.check()


def test_a_flood_leaves_one_line_in_the_log() -> None:
    made, release = pool(threads=1, queue=0), threading.Event()
    running = made.submit(release.wait)
    with capture_logs() as logged:
        for _ in range(50):
            with pytest.raises(OAuthError):
                made.check()
    release.set()
    running.result()
    made.shutdown()

    assert [(each["event"], each["queue"]) for each in logged] == [("queue.full", "test")]
    assert made.refused == 50
