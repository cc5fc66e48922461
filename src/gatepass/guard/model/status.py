"""What a guard counts; numbers alone, never a token."""

import weakref
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple


class Counters:
    """How often what happened, since the guard was made.

    Plain numbers, as a lock or a library's counter would cost more than the rest of a repeated
    call. CPython with its global lock loses none of them; a build without it may lose a few.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.verified = 0
        self.recalled = 0  # of those verified: known from before
        self.introspected = 0  # questions sent to the issuer
        self.key_fetches = 0
        self.key_failures = 0
        self.refused: Counter[str] = Counter()
        self.lag: Callable[[], float | None] = _no_feed
        ALL.add(self)


def _no_feed() -> float | None:
    return None


ALL: "weakref.WeakSet[Counters]" = weakref.WeakSet()
"""The tallies of every guard in this process."""


class KeysStatus(NamedTuple):
    """The issuer's keys: their names, age in seconds (None: never fetched), the latest error."""

    names: tuple[str, ...]
    age: float | None
    is_fresh: bool
    error: str


class FeedStatus(NamedTuple):
    """The feed of revocations: fresh or silent, and for how many seconds nothing was heard."""

    state: str
    lag: float | None


class Status(NamedTuple):
    """A guard's state, for a health check.

    `is_well` is false where keys are needed and none count, the feed is silent, or the latest
    question about a token had no answer, for which `introspection_error` says why. `keys` is None
    where no JWT is verified offline, `feed` where none is followed. `checks_audience` is false
    where the guard takes tokens for other APIs too, as it has no `resource` (RFC 9700 §2.3); a
    guard whose expectation depends on the request says so once a request came without one.
    """

    is_well: bool
    keys: KeysStatus | None
    feed: FeedStatus | None
    verified_kept: int  # verifications remembered
    answers_kept: int  # introspection answers remembered
    introspection_error: str
    checks_audience: bool = True
