"""The limit on log lines by peer and minute."""

from gatepass.server.domain.throttling.once_per_minute import MOST_KEYS, OncePerMinute


def test_a_key_is_admitted_once_a_minute() -> None:
    limit = OncePerMinute()

    assert [limit.allow("a", now) for now in (1000.0, 1001.0, 1059.9, 1060.0, 1061.0)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert limit.allow("b", 1061.0)


def test_in_a_minute_no_more_keys_are_admitted_than_the_bound() -> None:
    limit = OncePerMinute()

    admitted = [limit.allow(number, 1000.0 + number / 100) for number in range(5000)]
    assert admitted == [True] * MOST_KEYS + [False] * (5000 - MOST_KEYS)
    assert limit.allow(4999, 1060.0)


def test_a_clock_that_is_set_back_silences_nobody_for_longer_than_a_minute() -> None:
    limit = OncePerMinute()
    assert limit.allow("a", 1_000_000.0)

    assert limit.allow("a", 1000.0)
    assert not limit.allow("a", 1001.0)
    assert limit.allow("a", 1060.0)
