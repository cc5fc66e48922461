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
    return JwksCache(POLICY).fetching(kids[0], at).fetched(key_set(*kids), max_age)


class Issuer(RuleBasedStateMachine):
    """An issuer that publishes, removes and is away; a crowd that looks for any key."""

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
        found, fetch = self.ring.look(kid, self.now)
        age = self.now - self.known_at
        is_fresh = bool(self.known) and 0 <= age < POLICY.max_age

        assert (found is not None) == (kid in self.known and age < POLICY.stale_for)
        if found is not None and is_fresh:
            assert fetch is not Fetch.FIRST  # nobody waits while there is a fresh key
        if self.ring.is_flying:
            return
        if fetch is Fetch.NO:
            assert found is not None or self._is_held_off()  # an unknown key is looked for
            assert is_fresh or self._is_held_off()
            return
        assert not self._within(self.failed_at)
        if is_fresh and found is None:
            assert not self._within(self.fruitless_at)
        self.started_at, self.sought = self.now, kid
        self.ring = self.ring.fetching(kid, self.now)

    @precondition(lambda self: self.ring.is_flying)
    @rule()
    def land(self) -> None:
        self.ring = self.ring.fetched(key_set(*self.published), None)
        self.known, self.known_at = set(self.published), self.started_at
        self.failed_at = None
        if self.sought not in self.published:
            self.fruitless_at = self.started_at

    @precondition(lambda self: self.ring.is_flying)
    @rule()
    def crash(self) -> None:
        self.ring = self.ring.failed("away")
        self.failed_at = self.started_at

    @precondition(lambda self: self.ring.is_flying)
    @rule()
    def fork(self) -> None:
        self.ring = self.ring.grounded()
        self.failed_at = self.failed_at and self.started_at  # the lost try counts as one

    @invariant()
    def it_says_when_it_fails(self) -> None:
        assert self.ring.is_failing == bool(self.ring.error) == (self.failed_at is not None)

    def _within(self, moment: float | None) -> bool:
        return moment is not None and moment <= self.now < moment + POLICY.cooldown

    def _is_held_off(self) -> bool:
        return self._within(self.failed_at) or self._within(self.fruitless_at)


Issuer.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestIssuer = Issuer.TestCase


def test_without_keys_the_first_caller_fetches_and_the_others_wait() -> None:
    ring = JwksCache(POLICY)

    assert ring.look("a", START) == (None, Fetch.FIRST)
    assert ring.fetching("a", START).look("a", START) == (None, Fetch.FIRST)


@pytest.mark.parametrize(
    ("age", "fetch"),
    [(0, Fetch.NO), (239, Fetch.NO), (240, Fetch.BEHIND), (299, Fetch.BEHIND), (300, Fetch.FIRST)],
)
def test_keys_are_renewed_unhurriedly_first_and_then_before_anything_else(
    age: float, fetch: Fetch
) -> None:
    assert fetched("a").look("a", START + age) == (key("a"), fetch)


@pytest.mark.parametrize(
    ("max_age", "until"), [(None, 300), (60, 60), (0, 10), (1e9, 300)], ids=str
)
def test_cache_control_shortens_the_life_of_keys_within_bounds(
    max_age: float | None, until: float
) -> None:
    assert fetched("a", max_age=max_age).until == START + until


def test_an_invented_key_costs_one_fetch_in_its_cooldown_and_a_true_one_none() -> None:
    ring = fetched("a").fetching("x", START).fetched(key_set("a", "x"), None)
    assert ring.look("y", START) == (None, Fetch.FIRST)  # what was found does not count

    ring = ring.fetching("y", START).fetched(key_set("a", "x"), None)

    assert ring.look("z", START + 9.9) == (None, Fetch.NO)
    assert ring.look("z", START + 10) == (None, Fetch.FIRST)


def test_while_the_issuer_is_away_old_keys_count_for_an_hour_and_nobody_waits() -> None:
    ring = fetched("a").fetching("a", START + 300).failed("away")

    assert ring.look("a", START + 301) == (key("a"), Fetch.NO)
    assert ring.look("a", START + 310) == (key("a"), Fetch.BEHIND)
    assert ring.fetching("a", START + 310).look("a", START + 310) == (key("a"), Fetch.NO)
    assert ring.look("a", START + 3600) == (None, Fetch.FIRST)


def test_a_key_that_is_fetched_again_stays_the_same_and_a_changed_one_does_not() -> None:
    first = fetched("a", "b")
    again = KeySet({"a": key("a"), "b": key("b", "other")})

    second = first.fetching("a", START + 1).fetched(again, None)

    assert second.look("a", START + 1).key is first.look("a", START + 1).key
    assert second.look("b", START + 1).key is again.get("b")


@pytest.mark.parametrize("wrong", [(0, 0, 1), (300, 301, 3600), (300, 10, 299), (-1, -1, -1)])
def test_a_policy_that_cannot_work_is_a_mistake(wrong: tuple[float, float, float]) -> None:
    max_age, cooldown, stale_for = wrong
    with pytest.raises(ValueError, match="cooldown <= max_age <= stale_for"):
        Policy(max_age, cooldown, stale_for)
