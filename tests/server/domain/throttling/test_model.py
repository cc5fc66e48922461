"""How long failures make one wait, and whose count together."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.throttling.model import FORGOTTEN_AFTER, Limit, network_of, of_login

NOW = datetime(2026, 1, 31, tzinfo=UTC)
LIMIT = Limit("key", 5)


@pytest.mark.spec("NIST SP 800-63B-4", "3.2.2")
@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (4, 0), (5, 2), (6, 4), (7, 8), (13, 512), (14, 900), (15, 900), (10**9, 900)],
)
def test_each_failure_beyond_the_free_ones_doubles_the_wait(failures: int, wait: int) -> None:
    assert LIMIT.wait(failures, NOW, NOW) == wait


def test_a_wait_runs_out_and_is_rounded_up() -> None:
    assert LIMIT.wait(7, NOW - timedelta(seconds=7.5), NOW) == 1
    assert LIMIT.wait(7, NOW - timedelta(seconds=8), NOW) == 0


def test_failures_are_forgotten_after_a_day() -> None:
    assert LIMIT.wait(10**6, NOW - FORGOTTEN_AFTER - timedelta(seconds=1), NOW) == 0


@given(st.integers(0, 10**12), st.floats(0, 10**6))
def test_nobody_waits_longer_than_a_quarter_of_an_hour(failures: int, passed: float) -> None:
    assert 0 <= LIMIT.wait(failures, NOW - timedelta(seconds=passed), NOW) <= 900


def test_a_known_browser_counts_apart_from_everything_else() -> None:
    known = of_login("anna", "203.0.113.7", b"device")

    assert not {each.key for each in known} & {
        each.key for each in of_login("anna", "203.0.113.7", None)
    }
    assert known != of_login("sven", "203.0.113.7", b"device")
    assert known == of_login("anna", "198.51.100.1", b"device")


def test_an_account_counts_over_all_networks_but_generously() -> None:
    here, there = (of_login("anna", source, None) for source in ("203.0.113.7", "198.51.100.1"))

    shared = set(here) & set(there)
    assert [each.free for each in shared] == [100]


def test_the_username_is_not_in_the_key() -> None:
    assert not any("anna" in each.key for each in of_login("anna", "203.0.113.7", None))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("unix", "unix", True),
    ],
)
def test_addresses_of_one_party_count_together(first: str, second: str, *, same: bool) -> None:
    assert (network_of(first) == network_of(second)) is same
