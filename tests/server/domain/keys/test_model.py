"""Which key makes tokens and which still prove them, at every moment of a history of rotations."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.keys.model import (
    OUTLIVES,
    PUBLISHED_AHEAD,
    Key,
    current,
    is_due,
    next_change,
    of_purpose,
    verifies_until,
    verifying,
)
from gatepass.server.domain.token_policy import LONGEST_LIFETIME

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
LONGEST = timedelta(seconds=LONGEST_LIFETIME)
MONTH = 30 * DAY

FIRST = Key(1, "opaque", b"", START, START)
NEXT = Key(2, "opaque", b"", START + MONTH, START + MONTH + PUBLISHED_AHEAD)

gaps = st.lists(st.timedeltas(timedelta(0), 60 * DAY), max_size=6)
times = st.timedeltas(timedelta(0), 400 * DAY).map(lambda after: START + after)


@st.composite
def histories(draw: st.DrawFn) -> list[Key]:
    """A first key, and those that followed it: some as next keys, some in an emergency."""
    keys, now = [FIRST], START
    for number, gap in enumerate(draw(gaps), 2):
        now += gap
        if draw(st.booleans()):
            keys = [each if each.has_ended(now) else replace(each, ended_at=now) for each in keys]
            keys.append(Key(number, "opaque", b"", now, now))
        else:
            keys.append(Key(number, "opaque", b"", now, now + PUBLISHED_AHEAD))
    return keys


def known_at(keys: list[Key], now: datetime) -> list[Key]:
    """Give the keys as the database had them at `now`."""
    kept = [key for key in keys if key.created_at <= now]
    return [
        replace(key, ended_at=None) if key.ended_at and key.ended_at > now else key for key in kept
    ]


@given(histories(), times)
def test_there_is_a_current_key_from_the_first_on_and_it_proves(
    keys: list[Key], now: datetime
) -> None:
    known = known_at(keys, now)
    maker = current(known, "opaque", now)

    assert maker is not None
    assert maker in verifying(known, now)
    assert maker.active_from <= now
    assert not maker.has_ended(now)
    assert current(reversed(known), "opaque", now) == maker


@given(histories(), times, st.timedeltas(timedelta(0), LONGEST))
def test_a_key_proves_as_long_as_a_token_that_it_made_can_live(
    keys: list[Key], now: datetime, age: timedelta
) -> None:
    maker = current(known_at(keys, now), "opaque", now)
    assert maker
    later = known_at(keys, now + age)

    [as_it_is] = [key for key in later if key.id == maker.id]
    assert as_it_is in verifying(later, now + age) or as_it_is.has_ended(now + age)


@given(histories(), times)
def test_between_two_changes_nothing_changes(keys: list[Key], now: datetime) -> None:
    known = known_at(keys, now)
    change = next_change(known, now)
    last = change - MOMENT if change else now + 1000 * DAY

    assert last >= now - MOMENT
    if last >= now:
        assert current(known, "opaque", last) == current(known, "opaque", now)
        assert verifying(known, last) == verifying(known, now)


@given(histories(), times)
def test_a_key_that_was_ended_proves_nothing_from_then_on(keys: list[Key], now: datetime) -> None:
    ended = [key for key in keys if key.has_ended(now)]

    assert not set(ended) & set(verifying(keys, now))
    assert not set(ended) & set(of_purpose(keys, "opaque", now))
    assert all(verifies_until(key, keys, now) == key.ended_at for key in ended)


def test_before_there_is_a_key_there_is_none() -> None:
    assert current([], "opaque", START) is None
    assert current([FIRST], "ES256", START) is None
    assert current([NEXT], "opaque", START) is None
    assert next_change([], START) is None


def test_a_key_follows_another_at_its_moment_and_not_before() -> None:
    keys = [FIRST, NEXT]

    assert current(keys, "opaque", NEXT.active_from - MOMENT) == FIRST
    assert current(keys, "opaque", NEXT.active_from) == NEXT
    assert verifying(keys, NEXT.created_at) == keys


def test_a_key_without_follower_proves_for_ever_and_one_with_it_until_its_last_token_died() -> None:
    end = NEXT.active_from + OUTLIVES

    assert verifies_until(NEXT, [FIRST, NEXT], START) is None
    assert verifies_until(FIRST, [FIRST, NEXT], START) == end
    assert verifying([FIRST, NEXT], end - MOMENT) == [FIRST, NEXT]
    assert verifying([FIRST, NEXT], end) == [NEXT]


def test_of_two_keys_of_one_moment_the_newer_makes_tokens() -> None:
    twin = replace(FIRST, id=2)

    assert current([twin, FIRST], "opaque", START) == twin


def test_keys_of_different_purposes_do_not_follow_each_other() -> None:
    signer = replace(NEXT, purpose="ES256")

    assert verifies_until(FIRST, [FIRST, signer], START) is None
    assert current([FIRST, signer], "opaque", START + 90 * DAY) == FIRST


def test_the_next_key_is_due_so_early_that_this_one_is_used_for_its_time_at_most() -> None:
    due = START + MONTH - PUBLISHED_AHEAD

    assert is_due([], "opaque", START, MONTH)
    assert not is_due([FIRST], "opaque", due - MOMENT, MONTH)
    assert is_due([FIRST], "opaque", due, MONTH)
    assert not is_due([FIRST, NEXT], "opaque", due + DAY, MONTH)
