"""Keys as they come and go: which one makes tokens, and which still prove those it made.

A key is published, becomes the one that makes tokens, is followed by the next, and proves what
it made until the last of it has expired. All of that follows from the times it holds, so every
process that reads the same rows agrees.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatepass.server.domain.token_policy import LONGEST_LIFETIME, Purpose

PUBLISHED_AHEAD = timedelta(minutes=10)
"""How long a key is published before it is used: twice as long as key sets are cached."""

OUTLIVES = timedelta(seconds=LONGEST_LIFETIME, minutes=1)
"""How long a key that is followed by another still proves: as long as any token can live."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an environment; `ended_at` is set where it was taken out of use at once."""

    id: int
    purpose: Purpose
    secret: bytes = field(repr=False)
    created_at: datetime
    active_from: datetime
    ended_at: datetime | None = None

    @property
    def order(self) -> tuple[datetime, int]:
        """Return what keys of one purpose are ordered by: the highest is the newest."""
        return self.active_from, self.id

    def has_ended(self, now: datetime) -> bool:
        """Return whether it was taken out of use."""
        return self.ended_at is not None and self.ended_at <= now


def of_purpose(keys: Iterable[Key], purpose: Purpose, now: datetime) -> list[Key]:
    """Return the keys of a purpose that were not taken out of use, oldest first."""
    found = [key for key in keys if key.purpose == purpose and not key.has_ended(now)]
    return sorted(found, key=lambda key: key.order)


def current(keys: Iterable[Key], purpose: Purpose, now: datetime) -> Key | None:
    """Return the key that makes tokens now."""
    active = [key for key in of_purpose(keys, purpose, now) if key.active_from <= now]
    return active[-1] if active else None


def verifies_until(key: Key, keys: Iterable[Key], now: datetime) -> datetime | None:
    """Return the moment from which a key proves nothing more; None while none follows it."""
    if key.has_ended(now):
        return key.ended_at
    later = [
        each.active_from for each in of_purpose(keys, key.purpose, now) if each.order > key.order
    ]
    return min(later) + OUTLIVES if later else None


def verifying(keys: Iterable[Key], now: datetime) -> list[Key]:
    """Return the keys whose tokens count, those that are published but not yet used included."""
    kept = tuple(keys)
    ends = {key.id: verifies_until(key, kept, now) for key in kept}
    return [key for key in kept if (end := ends[key.id]) is None or now < end]


def next_change(keys: Iterable[Key], now: datetime) -> datetime | None:
    """Return the next moment at which a key begins to make tokens or ceases to prove them."""
    kept = tuple(keys)
    times = [key.active_from for key in kept]
    times += [end for key in kept if (end := verifies_until(key, kept, now))]
    return min((time for time in times if time > now), default=None)


def is_due(keys: Iterable[Key], purpose: Purpose, now: datetime, every: timedelta) -> bool:
    """Return whether the next key is to be published now, so that each is used for `every`."""
    known = of_purpose(keys, purpose, now)
    return not known or known[-1].active_from + every - PUBLISHED_AHEAD <= now
