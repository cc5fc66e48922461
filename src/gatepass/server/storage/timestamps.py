"""Moments as Unix milliseconds: how tokens say them and how databases compare them. Pure."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Return Unix milliseconds, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
