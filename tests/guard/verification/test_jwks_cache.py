"""Which key there is and whether to fetch: as a machine of states, against a simple model."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatepass.guard.verification.jwks_cache import Fetch, JwksCache, Policy
from gatepass.jose.jwks import Key, KeySet

START = 1_800_000_000.0
POLICY = Policy(max_age=300, cooldown=10, stale_for=3600)
KIDS = st.sampled_from("abcde")
STEPS = st.sampled_from([0.5, 3.0, 9.0, 11.0, 100.0, 241.0, 301.0, 3601.0, -5.0, -400.0])
PUBLIC = ed25519.Ed25519PrivateKey.generate().public_key()


def key(kid: str, material: str = "") -> Key:
    return Key(kid, "Ed25519", (material or kid,), PUBLIC)


def key_set(*kids: str) -> KeySet:
    return KeySet({kid: key(kid) for kid in kids})


def fetched(*kids: str, at: float = START, max_age: float | None = None) -> JwksCache:
    return JwksCache(POLICY).begin_fetch(kids[0], at).finish_fetch(key_set(*kids), max_age)


class Issuer(RuleBasedStateMachine):
    """An issuer that publishes, removes and is away; many requests that look for any key."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.ring = JwksCache(POLICY)
        self.published = {"a"}
        self.known: set[str] = set()
        self.known_at = 0.0
        self.failed_at: float | None = None
        self.fruitless_at: float | None = None

    @rule(seconds=STEPS)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(kid=KIDS)
    def publish(self, kid: str) -> None:
        self.published.add(kid)

    @precondition(lambda self: len(self.published) > 1)
    @rule()
    def remove(self) -> None:
        self.published.remove(min(self.published))

    @rule(kid=KIDS)
    def look(self, kid: str) -> None:
        found, fetch = self.ring.find_key(kid, self.now)
        age = self.now - self.known_at
        is_fresh = bool(self.known) and 0 <= age < POLICY.max_age

        assert (found is not None) == (kid in self.known and age < POLICY.stale_for)
        if found is not None and is_fresh:
            assert fetch is not Fetch.BEFORE_USE  # no request waits while there is a fresh key
        if self.ring.is_fetching:
            return
        if fetch is Fetch.NO:
            assert found is not None or self._is_held_off()  # an unknown key is looked for
            assert is_fresh or self._is_held_off()
            return
        assert not self._within(self.failed_at)
        if is_fresh and found is None:
            assert not self._within(self.fruitless_at)
        self.started_at, self.sought = self.now, kid
        self.ring = self.ring.begin_fetch(kid, self.now)

    @precondition(lambda self: self.ring.is_fetching)
    @rule()
    def land(self) -> None:
        self.ring = self.ring.finish_fetch(key_set(*self.published), None)
        self.known, self.known_at = set(self.published), self.started_at
        self.failed_at = None
        if self.sought not in self.published:
            self.fruitless_at = self.started_at

    @precondition(lambda self: self.ring.is_fetching)
    @rule()
    def crash(self) -> None:
        self.ring = self.ring.fail_fetch("away")
        self.failed_at = self.started_at

    @precondition(lambda self: self.ring.is_fetching)
    @rule()
    def fork(self) -> None:
        self.ring = self.ring.reset_fetch()
        self.failed_at = self.failed_at and self.started_at  # the lost try counts as one

    @invariant()
    def it_says_when_it_fails(self) -> None:
        assert self.ring.is_failing == bool(self.ring.error) == (self.failed_at is not None)

    def _within(self, since: float | None) -> bool:
        return since is not None and since <= self.now < since + POLICY.cooldown

    def _is_held_off(self) -> bool:
        return self._within(self.failed_at) or self._within(self.fruitless_at)


Issuer.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestIssuer = Issuer.TestCase


def test_without_keys_the_first_caller_fetches_and_the_others_wait() -> None:
    ring = JwksCache(POLICY)

    assert ring.find_key("a", START) == (None, Fetch.BEFORE_USE)
    assert ring.begin_fetch("a", START).find_key("a", START) == (None, Fetch.BEFORE_USE)


@pytest.mark.parametrize(
    ("age", "fetch"),
    [
        (0, Fetch.NO),
        (239, Fetch.NO),
        (240, Fetch.IN_BACKGROUND),
        (299, Fetch.IN_BACKGROUND),
        (300, Fetch.BEFORE_USE),
    ],
)
def test_keys_are_renewed_unhurriedly_first_and_then_before_anything_else(
    age: float, fetch: Fetch
) -> None:
    assert fetched("a").find_key("a", START + age) == (key("a"), fetch)


@pytest.mark.parametrize(
    ("max_age", "until"), [(None, 300), (60, 60), (0, 10), (1e9, 300)], ids=str
)
def test_cache_control_shortens_the_life_of_keys_within_bounds(
    max_age: float | None, until: float
) -> None:
    assert fetched("a", max_age=max_age).expires_at == START + until


def test_an_invented_key_costs_one_fetch_in_its_cooldown_and_a_true_one_none() -> None:
    ring = fetched("a").begin_fetch("x", START).finish_fetch(key_set("a", "x"), None)
    assert ring.find_key("y", START) == (None, Fetch.BEFORE_USE)  # what was found does not count

    ring = ring.begin_fetch("y", START).finish_fetch(key_set("a", "x"), None)

    assert ring.find_key("z", START + 9.9) == (None, Fetch.NO)
    assert ring.find_key("z", START + 10) == (None, Fetch.BEFORE_USE)


def test_while_the_issuer_is_away_old_keys_count_for_an_hour_and_nobody_waits() -> None:
    ring = fetched("a").begin_fetch("a", START + 300).fail_fetch("away")

    assert ring.find_key("a", START + 301) == (key("a"), Fetch.NO)
    assert ring.find_key("a", START + 310) == (key("a"), Fetch.IN_BACKGROUND)
    assert ring.begin_fetch("a", START + 310).find_key("a", START + 310) == (key("a"), Fetch.NO)
    assert ring.find_key("a", START + 3600) == (None, Fetch.BEFORE_USE)


def test_a_key_that_is_fetched_again_stays_the_same_and_a_changed_one_does_not() -> None:
    first = fetched("a", "b")
    again = KeySet({"a": key("a"), "b": key("b", "other")})

    second = first.begin_fetch("a", START + 1).finish_fetch(again, None)

    assert second.find_key("a", START + 1).key is first.find_key("a", START + 1).key
    assert second.find_key("b", START + 1).key is again.get("b")


@pytest.mark.parametrize("wrong", [(0, 0, 1), (300, 301, 3600), (300, 10, 299), (-1, -1, -1)])
def test_a_policy_that_cannot_work_is_a_mistake(wrong: tuple[float, float, float]) -> None:
    max_age, cooldown, stale_for = wrong
    with pytest.raises(ValueError, match="cooldown <= max_age <= stale_for"):
        Policy(max_age, cooldown, stale_for)
