"""Timestamps and durations in words."""

from datetime import UTC, datetime

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_MONTH = 30.44 * _DAY
_YEAR = 365.25 * _DAY

# The unit for durations up to so many seconds. The larger unit starts late, because
# "36 hours ago" says more than "2 days ago".
_DISTANCES = (
    (59.5 * _MINUTE, "minute", _MINUTE),
    (47.5 * _HOUR, "hour", _HOUR),
    (59.5 * _DAY, "day", _DAY),
    (23.5 * _MONTH, "month", _MONTH),
    (float("inf"), "year", _YEAR),
)

_SPANS = (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE), ("second", 1))


def ago(time: datetime, now: datetime) -> str:
    """Return `time` relative to `now` (both aware): "3 hours ago", "in 23 hours", "just now"."""
    seconds = (time - now).total_seconds()
    distance = abs(seconds)
    if distance < _MINUTE / 2:
        return "just now"
    name, size = next((name, size) for limit, name, size in _DISTANCES if distance < limit)
    words = _count(max(1, round(distance / size)), name)
    return f"in {words}" if seconds > 0 else f"{words} ago"


def utc(time: datetime) -> str:
    """Return `time` (aware) to the second: "2026-11-23 21:46:22 UTC"."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(time: datetime) -> str:
    """Return `time` (aware) for a `datetime` attribute: "2026-11-23T21:46:22Z"."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def span(seconds: int) -> str:
    """Return a duration in words: 36000 is "10 hours", 5400 "1 hour 30 minutes"."""
    parts = []
    for name, size in _SPANS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(_count(count, name))
    return " ".join(parts) or "0 seconds"


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
