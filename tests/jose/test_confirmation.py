"""The claim `cnf`: what is understood, and what refuses a token."""

import pytest

from gatepass.jose.confirmation import Confirmation, read

JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"  # RFC 9449 §6.1
X5T = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"  # RFC 8705 §3.1


@pytest.mark.parametrize(
    ("value", "confirmation"),
    [
        ({"jkt": JKT}, Confirmation(jkt=JKT)),
        ({"x5t#S256": X5T}, Confirmation(x5t_s256=X5T)),
        ({"jkt": JKT, "x5t#S256": X5T}, Confirmation(JKT, X5T)),
    ],
)
def test_a_confirmation_is_read_as_it_is_written(
    value: dict[str, str], confirmation: Confirmation
) -> None:
    assert read(value) == confirmation
    assert confirmation.members() == value


def test_a_token_without_cnf_is_bound_to_nothing() -> None:
    assert read(None) is None


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "",
        JKT,
        [JKT],
        {"jwk": {"kty": "EC"}},
        {"jkt": JKT, "kid": "1"},
        {"jkt": None},
        {"jkt": ""},
        {"jkt": JKT[:-1]},
        {"jkt": JKT + "A"},
        {"jkt": JKT + "\n"},
        {"jkt": [JKT]},
        {"jkt": JKT.replace("-", "+")},
        {"x5t#S256": 1},
        {"x5t#s256": X5T},
    ],
)
def test_a_cnf_that_is_not_understood_refuses_the_token(value: object) -> None:
    with pytest.raises(ValueError, match="cnf"):
        read(value)
