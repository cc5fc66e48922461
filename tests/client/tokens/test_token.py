"""How good a token still is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.client.tokens.token import UNSTATED_LIFETIME, CachedToken, State
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse


@pytest.mark.parametrize(
    ("jitter", "refresh_at"), [(0.0, 1000 + 0.8 * 3600), (1.0, 1000 + 0.9 * 3600)]
)
def test_a_token_is_stale_between_80_and_90_percent_of_its_lifetime(
    jitter: float, refresh_at: float
) -> None:
    token = token_of(3600, jitter)

    assert token.refresh_at == pytest.approx(refresh_at)
    assert token.state(token.refresh_at - 0.001) is State.FRESH
    assert token.state(token.refresh_at) is State.STALE


def test_a_token_is_gone_shortly_before_the_server_forgets_it() -> None:
    token = token_of(3600)

    assert token.state(1000 + 3594) is State.STALE
    assert token.state(1000 + 3595) is State.EXPIRED


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_even_the_shortest_token_is_fresh_then_stale_then_gone_and_never_used_expired(
    lifetime: int, jitter: float
) -> None:
    token = token_of(lifetime, jitter)

    assert token.state(1000) is State.FRESH
    assert 1000 < token.refresh_at < token.expires_at < 1000 + lifetime
    assert 1000 + lifetime - token.refresh_at >= min(10, lifetime / 10.1)
    assert token.state(1000 + lifetime) is State.EXPIRED


def test_a_short_token_is_renewed_ten_seconds_before_its_end() -> None:
    assert token_of(60, 1.0).refresh_at == pytest.approx(1000 + 50)


def test_a_token_is_shown_only_where_it_is_asked_for() -> None:
    token = token_of(60)

    assert (token.value, token.authorization) == ("t0ken", "Bearer t0ken")
    assert (token.scope, token.expires_in) == ("read", 60)
    assert "t0ken" not in f"{token} {token!r}"


def test_a_token_of_unstated_lifetime_is_held_for_five_minutes() -> None:
    assert UNSTATED_LIFETIME == 300
    assert token_of(None).expires_at == token_of(300).expires_at


def token_of(expires_in: int | None, jitter: float = 0.5) -> CachedToken:
    return CachedToken.of(
        TokenResponse(Secret("t0ken"), "Bearer", expires_in, "read"), 1000.0, jitter
    )
