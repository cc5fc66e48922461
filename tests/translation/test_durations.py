from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.portal.rendering import iso
from gatepass.translation.durations import ago, span
from gatepass.translation.language import ENGLISH, language

NOW = datetime(2026, 11, 23, 21, 46, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-29), "just now"),
        (timedelta(seconds=29), "just now"),
        (timedelta(seconds=-30), "1 minute ago"),
        (timedelta(seconds=-89), "1 minute ago"),
        (timedelta(minutes=-59), "59 minutes ago"),
        (timedelta(minutes=-59, seconds=-40), "1 hour ago"),
        (timedelta(hours=-3), "3 hours ago"),
        (timedelta(hours=-36), "36 hours ago"),
        (timedelta(hours=23), "in 23 hours"),
        (timedelta(hours=23, minutes=59, seconds=58), "in 24 hours"),
        (timedelta(days=7), "in 7 days"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(days=-80), "3 months ago"),
        (timedelta(days=-400), "13 months ago"),
        (timedelta(days=-800), "2 years ago"),
    ],
)
def test_a_moment_is_told_in_the_unit_that_says_most(distance: timedelta, words: str) -> None:
    assert ago(NOW + distance, NOW) == words


@given(st.timedeltas(min_value=timedelta(days=-36500), max_value=timedelta(days=36500)))
def test_every_distance_has_words_and_a_direction(distance: timedelta) -> None:
    words = ago(NOW + distance, NOW)

    assert words == "just now" or words.endswith(" ago") == (distance < timedelta(0))
    assert not words.startswith(("0 ", "in 0 "))


def test_the_exact_time_is_utc_whatever_the_zone_of_the_moment() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert language(ENGLISH).utc(elsewhere) == "2026-11-23 21:46:22 UTC"
    assert iso(elsewhere) == "2026-11-23T21:46:22Z"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (60, "1 minute"),
        (5400, "1 hour 30 minutes"),
        (36000, "10 hours"),
        (90061, "1 day 1 hour 1 minute 1 second"),
        (2592000, "30 days"),
    ],
)
def test_a_span_is_told_exactly(seconds: int, words: str) -> None:
    assert span(seconds) == words
