"""An issuer's keys as they age: which key there is for a token, and whether to fetch now. Pure.

No I/O, no clock, no thread: every change returns a new value. Times are seconds since 1970; a
clock that was set back makes nothing fresh again.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, Self

from gatepass.jose.jwks import Key, KeySet

_REFRESH_AFTER = 0.8  # of a lifetime: from then on keys are fetched in the background


class Fetch(Enum):
    """Whether to fetch the keys."""

    NO = "no"
    IN_BACKGROUND = "in background"  # the request goes on with the key that there is
    BEFORE_USE = "before use"  # the request waits for the fetch, or for the one in flight


_NO = Fetch.NO  # looked up once, as an enum's members cost time


@dataclass(frozen=True, slots=True)
class Policy:
    """How keys age, in seconds.

    They are fetched again after `max_age`, or sooner if the issuer's Cache-Control says so: a
    removed key may be accepted for that long. While the issuer is unreachable they are used for
    `stale_for` after they were fetched. `cooldown` is the time between a failed fetch and the
    next, and between a fetch that did not find its unknown key and the next for an unknown key:
    new keys are found at once, and invented ones cost little.
    """

    max_age: float = 300.0
    cooldown: float = 10.0
    stale_for: float = 3600.0

    def __post_init__(self) -> None:
        if not 0 < self.cooldown <= self.max_age <= self.stale_for:
            raise ValueError("keys need 0 < cooldown <= max_age <= stale_for")


class KeyLookup(NamedTuple):
    """A token's key (None: unknown), and whether to fetch the keys."""

    key: Key | None
    fetch: Fetch


@dataclass(frozen=True, slots=True)
class JwksCache:
    """The keys of the latest fetch, and the state of fetching.

    Keys are fetched in the background from `refresh_at` on, and before use from `expires_at` on.
    `is_failing` means that the latest fetch failed, with the reason in `error`.
    """

    policy: Policy = field(default_factory=Policy)
    keys: KeySet | None = None
    fetched_at: float = 0.0
    refresh_at: float = 0.0
    expires_at: float = 0.0
    is_fetching: bool = False
    is_failing: bool = False
    error: str = ""
    last_fetch_at: float = 0.0  # when the latest fetch began, whatever its result
    wanted_kid: str = ""  # the key for which the latest fetch was made
    last_miss_at: float | None = None  # when the latest fetch began that did not find its key

    def find_key(self, kid: str, now: float, alg: str | None = None) -> KeyLookup:
        """Return the key named `kid` at `now`, of several the one for `alg`; whether to fetch."""
        key = self.keys.get(kid, alg) if self.keys is not None and self.is_usable(now) else None
        if key is not None and self.fetched_at <= now < self.expires_at:
            return KeyLookup(key, _NO if now < self.refresh_at else self._refresh(now))
        if self.is_fetching:  # a request with an expired key waits, unless the latest fetch failed
            return KeyLookup(key, _NO if key is not None and self.is_failing else Fetch.BEFORE_USE)
        if self.is_failing and _within(self.last_fetch_at, self.policy.cooldown, now):
            return KeyLookup(key, _NO)
        if key is not None:
            return KeyLookup(key, Fetch.IN_BACKGROUND if self.is_failing else Fetch.BEFORE_USE)
        return KeyLookup(None, Fetch.BEFORE_USE if self._may_fetch_unknown(now) else _NO)

    def is_current(self, key: Key, now: float) -> bool:
        """Return whether `key` itself is one of the keys, and they need not be fetched yet."""
        keys = self.keys
        if keys is None or not self.fetched_at <= now < self.refresh_at:
            return False
        # as `KeySet.get`, without the call
        return keys.keys.get(key.kid) is key or keys.others.get((key.kid, key.alg)) is key

    def is_usable(self, now: float) -> bool:
        """Return whether the keys may be used, stale or not."""
        return self.keys is not None and now < self.fetched_at + self.policy.stale_for

    def is_fresh(self, now: float) -> bool:
        """Return whether the keys may be used without a fetch."""
        return self.keys is not None and self.fetched_at <= now < self.expires_at

    def begin_fetch(self, kid: str, now: float) -> Self:
        """Record that a fetch begins, for a token that names `kid`."""
        return replace(self, is_fetching=True, last_fetch_at=now, wanted_kid=kid)

    def finish_fetch(self, keys: KeySet, max_age: float | None) -> Self:
        """Replace the keys by the fetched ones; `max_age` is the issuer's Cache-Control.

        An unchanged key stays the same object, so that tokens verified with it stay verified.
        """
        policy = self.policy
        lifetime = policy.max_age if max_age is None else max(policy.cooldown, max_age)
        lifetime = min(lifetime, policy.max_age)
        is_miss = keys.get(self.wanted_kid) is None
        return replace(
            self,
            keys=_keep_same(self.keys, keys),
            fetched_at=self.last_fetch_at,
            refresh_at=self.last_fetch_at + _REFRESH_AFTER * lifetime,
            expires_at=self.last_fetch_at + lifetime,
            is_fetching=False,
            is_failing=False,
            error="",
            last_miss_at=self.last_fetch_at if is_miss else self.last_miss_at,
        )

    def fail_fetch(self, error: str) -> Self:
        """Record that the fetch failed; the old keys stay."""
        return replace(self, is_fetching=False, is_failing=True, error=error)

    def reset_fetch(self) -> Self:
        """Forget the fetch in flight, as in a process that was forked from the one it runs in."""
        return replace(self, is_fetching=False)

    def _refresh(self, now: float) -> Fetch:
        is_cooling = self.is_failing and _within(self.last_fetch_at, self.policy.cooldown, now)
        return _NO if self.is_fetching or is_cooling else Fetch.IN_BACKGROUND

    def _may_fetch_unknown(self, now: float) -> bool:
        if not self.is_fresh(now) or self.last_miss_at is None:
            return True
        return not _within(self.last_miss_at, self.policy.cooldown, now)


def _within(since: float, seconds: float, now: float) -> bool:
    return since <= now < since + seconds


def _keep_same(old: KeySet | None, new: KeySet) -> KeySet:
    if old is None:
        return new
    kept = {kid: _same(old.get(kid, key.alg), key) for kid, key in new.keys.items()}
    others = {name: _same(old.get(*name), key) for name, key in new.others.items()}
    return replace(new, keys=MappingProxyType(kept), others=MappingProxyType(others))


def _same(old: Key | None, new: Key) -> Key:
    return old if old is not None and old == new else new
