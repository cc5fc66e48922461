"""When a proof is fresh: by which method, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from gatepass.server.domain.users.sessions.proofs.model import Method, is_fresh

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LOGIN = NOW - timedelta(hours=1)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (599, True), (600, False)])
def test_a_proof_is_fresh_for_ten_minutes(seconds: int, *, fresh: bool) -> None:
    assert is_fresh({"password": ago(seconds)}, "password", LOGIN, NOW) is fresh


@pytest.mark.parametrize(
    ("strongest", "proved", "fresh"),
    [
        ("passkey", "passkey", True),
        ("passkey", "totp", False),
        ("passkey", "password", False),
        ("passkey", "recovery_code", True),
        ("totp", "totp", True),
        ("totp", "password", False),
        ("totp", "recovery_code", True),
        ("password", "password", True),
        ("password", "recovery_code", False),
        ("single_sign_on", "single_sign_on", True),
        ("single_sign_on", "password", False),
    ],
)
def test_after_the_login_the_strongest_method_counts_or_a_recovery_code_for_a_second_factor(
    strongest: Method, proved: Method, *, fresh: bool
) -> None:
    assert is_fresh({proved: ago(60)}, strongest, LOGIN, NOW) is fresh


@pytest.mark.parametrize("method", ["password", "totp", "recovery_code", "single_sign_on"])
def test_every_method_of_a_fresh_login_counts(method: Method) -> None:
    assert is_fresh({method: ago(60)}, "passkey", ago(60), NOW)
    assert not is_fresh({method: ago(600)}, "passkey", ago(600), NOW)


def test_a_login_whose_proof_was_older_counts_from_that() -> None:
    """So does one through a provider that had asked for the password an hour before."""
    assert not is_fresh({"single_sign_on": ago(3600)}, "single_sign_on", ago(5), NOW)


def test_nothing_was_proved_without_a_proof() -> None:
    assert not is_fresh({}, "password", NOW, NOW)
