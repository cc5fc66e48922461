"""When refusals are rising. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

LATELY = timedelta(minutes=15)
USUALLY = timedelta(days=1)
"""What is compared with the time before."""
TIMES = 3
FEWEST = 20
"""Refusals within `LATELY`, below which nothing is said."""
NOT_AGAIN_FOR = timedelta(hours=6)


class Refused(NamedTuple):
    """How often requests of an application were refused lately, and most often why."""

    app_id: UUID
    times: int
    reason: str


class Rise(NamedTuple):
    """Refusals that are rising; `usual` is how many there were in such a time before."""

    refused: Refused
    usual: int
    since: datetime


def usual(before: int) -> int:
    """Return how many refusals there are in `LATELY`, of those in the day before."""
    return round(before * LATELY / USUALLY)


def is_rise(times: int, before: int) -> bool:
    """Return whether so many refusals are a rise over those of the day before."""
    return times >= FEWEST and times > TIMES * before * LATELY / USUALLY
