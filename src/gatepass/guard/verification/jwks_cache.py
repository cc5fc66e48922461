"""An issuer's keys as they age: which key there is for a token, and whether to fetch now. Pure.

No I/O, no clock, no thread: every step gives a new value. Moments are seconds since 1970; a
clock that was set back makes nothing fresh again.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, Self

from gatepass.jose.jwks import Key, KeySet

_EARLY = 0.8  # of a lifetime, after which keys are fetched while the old ones still count


class Fetch(Enum):
    """Whether to fetch the keys."""

    NO = "no"
    BEHIND = "behind"  # and answer with what is there meanwhile
    FIRST = "first"  # and wait for it, or for the fetch that is under way


_NO = Fetch.NO  # looked up once, as an enum's members cost time


@dataclass(frozen=True, slots=True)
class Policy:
    """How keys age, in seconds.

    They are fetched anew after `max_age` at the latest, sooner where the issuer's Cache-Control
    says so: so long can a removed key still count. While the issuer is away they count for
    `stale_for` after they were fetched. `cooldown` lies between a try that failed and the next,
    and between a fetch that did not find the unknown key it was made for and the next such one:
    keys that are new and true are found at once, invented ones cost little.
    """

    max_age: float = 300.0
    cooldown: float = 10.0
    stale_for: float = 3600.0

    def __post_init__(self) -> None:
        if not 0 < self.cooldown <= self.max_age <= self.stale_for:
            raise ValueError("keys need 0 < cooldown <= max_age <= stale_for")


class KeyLookup(NamedTuple):
    """What there is for a token: its key (None: unknown), and what to do about it."""

    key: Key | None
    fetch: Fetch


@dataclass(frozen=True, slots=True)
class JwksCache:
    """The keys of the latest fetch, and what is known about fetching.

    `until` is when they have to be fetched anew, `early` when it is time to do so unhurriedly.
    `is_failing` tells that the latest try was in vain, for which `error` says why.
    """

    policy: Policy = field(default_factory=Policy)
    keys: KeySet | None = None
    asked_at: float = 0.0
    early: float = 0.0
    until: float = 0.0
    is_flying: bool = False
    is_failing: bool = False
    error: str = ""
    tried_at: float = 0.0
    sought: str = ""  # the key for whose sake the latest try was made
    fruitless_at: float | None = None  # when the latest try began that did not find its key

    def look(self, kid: str, now: float, alg: str | None = None) -> KeyLookup:
        """Tell which key `kid` names at `now`, of several the one for `alg`; whether to fetch."""
        key = self.keys.get(kid, alg) if self.keys is not None and self.counts(now) else None
        if key is not None and self.asked_at <= now < self.until:
            return KeyLookup(key, _NO if now < self.early else self._early(now))
        if self.is_flying:  # who has a key waits only where it is too old, and hope is left
            return KeyLookup(key, Fetch.NO if key is not None and self.is_failing else Fetch.FIRST)
        if self.is_failing and _within(self.tried_at, self.policy.cooldown, now):
            return KeyLookup(key, Fetch.NO)
        if key is not None:
            return KeyLookup(key, Fetch.BEHIND if self.is_failing else Fetch.FIRST)
        return KeyLookup(None, Fetch.FIRST if self._may_wonder(now) else Fetch.NO)

    def is_young(self, now: float) -> bool:
        """Tell whether nothing at all is to be done about fetching, for a key that is known."""
        return self.asked_at <= now < self.early

    def proves(self, key: Key) -> bool:
        """Tell whether `key` itself is one of these."""
        return self.keys is not None and self.keys.get(key.kid, key.alg) is key

    def counts(self, now: float) -> bool:
        """Tell whether the keys may be used, stale or not."""
        return self.keys is not None and now < self.asked_at + self.policy.stale_for

    def is_fresh(self, now: float) -> bool:
        """Tell whether the keys are young enough to do without a fetch."""
        return self.keys is not None and self.asked_at <= now < self.until

    def fetching(self, kid: str, now: float) -> Self:
        """Note that a fetch begins, for a token that names `kid`."""
        return replace(self, is_flying=True, tried_at=now, sought=kid)

    def fetched(self, keys: KeySet, max_age: float | None) -> Self:
        """Take the keys that were fetched; `max_age` is what the issuer's Cache-Control says.

        A key that is as before stays the same object, so that what it has proven stays proven.
        """
        policy = self.policy
        lifetime = policy.max_age if max_age is None else max(policy.cooldown, max_age)
        is_fruitless = keys.get(self.sought) is None
        return replace(
            self,
            keys=_keep_same(self.keys, keys),
            asked_at=self.tried_at,
            early=self.tried_at + _EARLY * min(lifetime, policy.max_age),
            until=self.tried_at + min(lifetime, policy.max_age),
            is_flying=False,
            is_failing=False,
            error="",
            fruitless_at=self.tried_at if is_fruitless else self.fruitless_at,
        )

    def failed(self, why: str) -> Self:
        """Note that the fetch came to nothing; the old keys stay."""
        return replace(self, is_flying=False, is_failing=True, error=why)

    def grounded(self) -> Self:
        """Forget the fetch under way, as in a process that was forked from the one it runs in."""
        return replace(self, is_flying=False)

    def _early(self, now: float) -> Fetch:
        is_waiting = self.is_failing and _within(self.tried_at, self.policy.cooldown, now)
        return Fetch.NO if self.is_flying or is_waiting else Fetch.BEHIND

    def _may_wonder(self, now: float) -> bool:
        if not self.is_fresh(now) or self.fruitless_at is None:
            return True
        return not _within(self.fruitless_at, self.policy.cooldown, now)


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
