"""The assertions that one process remembers, and in how much memory."""

import secrets
import tracemalloc

from gatepass.server.domain.applications.keys.used.memory import UsedAssertions, digest_of


def test_each_use_is_the_first_one_once() -> None:
    used = UsedAssertions()
    digests = [digest_of("client", str(number)) for number in range(5_000)]

    assert all(used.add(each, 100.0 + place % 600, 50.0) for place, each in enumerate(digests))
    assert not any(used.add(each, 700.0, 50.0) for each in digests)
    assert len(used) == 5_000


def test_client_and_jti_make_the_digest_together() -> None:
    assert digest_of("a", "bc") != digest_of("ab", "c")
    assert len({digest_of("a", "b"), digest_of("b", "a"), digest_of("ab", "")}) == 3


def test_what_has_expired_is_forgotten() -> None:
    used = UsedAssertions()
    used.add(digest_of("a", "1"), 100.0, 50.0)

    assert not used.add(digest_of("a", "1"), 100.0, 101.0)
    assert used.add(digest_of("a", "2"), 400.0, 300.0)
    assert len(used) == 1


def test_digests_that_overlap_are_not_confused() -> None:
    used = UsedAssertions()
    one, two = b"ab" * 6, b"ba" * 6
    used.add(one, 100.0, 50.0)
    used.add(b"xb" + b"ab" * 5, 160.0, 50.0)

    assert used.add(two, 100.0, 50.0)
    assert not used.add(one, 100.0, 50.0)


def test_200_000_live_assertions_take_less_than_60_bytes_each() -> None:
    used, count = UsedAssertions(), 200_000
    tracemalloc.start()
    try:
        for number in range(count):
            used.add(secrets.token_bytes(12), 1000.0 + number % 600, 1000.0)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(used) == count
    assert size / count < 60
