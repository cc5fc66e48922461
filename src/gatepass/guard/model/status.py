"""What a guard counts; numbers alone, never a token."""

import weakref
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple


class Counters:
    """Event counters since the guard was created.

    Plain numbers, as a lock or a library's counter would cost more than the rest of a request
    with a cached token. CPython with its global lock loses no event; a build without it may.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.verified = 0
        self.cached = 0  # of those verified: the token was cached
        self.introspected = 0  # requests sent to the issuer
        self.key_fetches = 0
        self.key_failures = 0
        self.refused: Counter[str] = Counter()
        self.lag: Callable[[], float | None] = lambda: None  # no feed
        ALL.add(self)


ALL: "weakref.WeakSet[Counters]" = weakref.WeakSet()
"""The counters of every guard in this process."""


class KeysStatus(NamedTuple):
    """The issuer's keys: their names, age in seconds (None: never fetched), the latest error."""

    names: tuple[str, ...]
    age: float | None
    is_fresh: bool
    error: str


class FeedStatus(NamedTuple):
    """The revocation feed: "fresh" or "stale", and the seconds since it was last current."""

    state: str
    lag: float | None


class Status(NamedTuple):
    """A guard's state, for a health check.

    `is_healthy` is false if JWTs cannot be verified for want of keys, the feed is stale, or the
    latest introspection failed, with the reason in `introspection_error`. `keys` is None if no
    JWT is verified locally, `feed` without a feed. `checks_audience` is false if the guard accepts
    tokens for other APIs too, as it has no `resource` (RFC 9700 §2.3); if that depends on the
    request, it becomes false with the first request without a resource.
    """

    is_healthy: bool
    keys: KeysStatus | None
    feed: FeedStatus | None
    cached_jwts: int
    cached_introspections: int
    introspection_error: str
    checks_audience: bool = True
