"""How good a token still is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.client.held import UNSTATED_LIFETIME, HeldToken, State
from gatepass.wire.secret import Secret
from gatepass.wire.token import TokenResponse


@pytest.mark.parametrize(
    ("jitter", "refresh_at"), [(0.0, 1000 + 0.8 * 3600), (1.0, 1000 + 0.9 * 3600)]
)
def test_a_token_is_stale_between_80_and_90_percent_of_its_lifetime(
    jitter: float, refresh_at: float
) -> None:
    token = held(3600, jitter)

    assert token.refresh_at == pytest.approx(refresh_at)
    assert token.state(token.refresh_at - 0.001) is State.FRESH
    assert token.state(token.refresh_at) is State.STALE


def test_a_token_is_gone_shortly_before_the_server_forgets_it() -> None:
    token = held(3600)

    assert token.state(1000 + 3594) is State.STALE
    assert token.state(1000 + 3595) is State.GONE


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_even_the_shortest_token_is_fresh_then_stale_then_gone_and_never_used_expired(
    lifetime: int, jitter: float
) -> None:
    token = held(lifetime, jitter)

    assert token.state(1000) is State.FRESH
    assert 1000 < token.refresh_at < token.gone_at < 1000 + lifetime
    assert token.state(1000 + lifetime) is State.GONE


def test_a_token_of_unstated_lifetime_is_held_for_five_minutes() -> None:
    assert UNSTATED_LIFETIME == 300
    assert held(None).gone_at == held(300).gone_at


def held(expires_in: int | None, jitter: float = 0.5) -> HeldToken:
    return HeldToken.of(TokenResponse(Secret("t"), "Bearer", expires_in, None), 1000.0, jitter)
