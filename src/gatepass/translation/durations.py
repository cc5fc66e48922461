"""Timestamps and durations in words."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from gatepass.translation.message import Message

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_MONTH = 30.44 * _DAY
_YEAR = 365.25 * _DAY

_NOW = Message("just now")


class _Distance(NamedTuple):
    """The unit of times that are less than `limit` seconds away, and how it is said."""

    limit: float
    size: float
    before: Callable[[int], Message]
    after: Callable[[int], Message]


# The larger unit starts late, because "36 hours ago" says more than "2 days ago".
_DISTANCES = (
    _Distance(
        59.5 * _MINUTE,
        _MINUTE,
        lambda count: Message.plural("{count} minute ago", "{count} minutes ago", count),
        lambda count: Message.plural("in {count} minute", "in {count} minutes", count),
    ),
    _Distance(
        47.5 * _HOUR,
        _HOUR,
        lambda count: Message.plural("{count} hour ago", "{count} hours ago", count),
        lambda count: Message.plural("in {count} hour", "in {count} hours", count),
    ),
    _Distance(
        59.5 * _DAY,
        _DAY,
        lambda count: Message.plural("{count} day ago", "{count} days ago", count),
        lambda count: Message.plural("in {count} day", "in {count} days", count),
    ),
    _Distance(
        23.5 * _MONTH,
        _MONTH,
        lambda count: Message.plural("{count} month ago", "{count} months ago", count),
        lambda count: Message.plural("in {count} month", "in {count} months", count),
    ),
    _Distance(
        float("inf"),
        _YEAR,
        lambda count: Message.plural("{count} year ago", "{count} years ago", count),
        lambda count: Message.plural("in {count} year", "in {count} years", count),
    ),
)

_SPANS: tuple[tuple[int, Callable[[int], Message]], ...] = (
    (_DAY, lambda count: Message.plural("{count} day", "{count} days", count)),
    (_HOUR, lambda count: Message.plural("{count} hour", "{count} hours", count)),
    (_MINUTE, lambda count: Message.plural("{count} minute", "{count} minutes", count)),
    (1, lambda count: Message.plural("{count} second", "{count} seconds", count)),
)


def ago(time: datetime, now: datetime) -> Message:
    """Return `time` relative to `now` (both aware): "3 hours ago", "in 23 hours", "just now"."""
    seconds = (time - now).total_seconds()
    distance = abs(seconds)
    if distance < _MINUTE / 2:
        return _NOW
    found = next(each for each in _DISTANCES if distance < each.limit)
    count = max(1, round(distance / found.size))
    return found.after(count) if seconds > 0 else found.before(count)


def span(seconds: int) -> Message:
    """Return a duration in words: 36000 is "10 hours", 5400 "1 hour 30 minutes"."""
    said: Message | None = None
    for size, words in _SPANS:
        count, seconds = divmod(seconds, size)
        if count:
            part = words(count)
            said = Message("{longer} {shorter}", longer=said, shorter=part) if said else part
    return said or _SPANS[-1][1](0)
