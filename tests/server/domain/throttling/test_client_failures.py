"""The limit for failed client authentication."""

import pytest

from gatepass.server.domain.throttling.client_failures import MOST_FAILURES, WINDOW, AttemptLimit
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

HOME = "203.0.113.7"


def fail(limit: AttemptLimit, count: int, client_id: str = "a", source: str = HOME) -> None:
    for number in range(count):
        limit.record(client_id, source, Secret(f"guess {number}"), now=0.0)


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_failures_beyond_the_limit_are_refused_until_the_window_is_over() -> None:
    limit = AttemptLimit()
    fail(limit, MOST_FAILURES)

    with pytest.raises(OAuthError) as refused:
        limit.record("a", HOME, Secret("one more"), now=10.0)

    assert (refused.value.status, refused.value.retry_after) == (429, WINDOW - 10)
    limit.record("a", HOME, Secret("later"), now=WINDOW)


def test_another_client_and_another_network_have_limits_of_their_own() -> None:
    limit = AttemptLimit()
    fail(limit, MOST_FAILURES)

    fail(limit, MOST_FAILURES, client_id="b")
    fail(limit, MOST_FAILURES, source="198.51.100.1")


def test_the_same_wrong_secret_repeated_at_once_counts_once() -> None:
    limit = AttemptLimit()

    for _ in range(MOST_FAILURES * 3):
        limit.record("a", HOME, Secret("the same"), now=0.0)


def test_whether_the_limit_is_spent_can_be_asked_without_spending() -> None:
    limit = AttemptLimit(most=3)
    for _ in range(9):
        limit.check("a", HOME, now=0.0)
    fail(limit, 2)
    limit.check("a", HOME, now=0.0)
    limit.record("a", HOME, Secret("the last one"), now=0.0)

    with pytest.raises(OAuthError) as refused:
        limit.check("a", HOME, now=20.0)
    assert (refused.value.status, refused.value.retry_after) == (429, WINDOW - 20)
    limit.check("a", HOME, now=WINDOW)
    limit.check("b", HOME, now=20.0)
    limit.check("a", "198.51.100.1", now=20.0)
