"""What people write into the fields of a policy, what they read, and what is looser."""

import pytest

from gatepass.server.domain.organizations.policies.fields import (
    FIELDS,
    PolicyField,
    Value,
    changed,
    described,
)
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.wire.errors import OAuthError

BY_NAME = {str(field.name): field for field in FIELDS}
IDLE, REGISTRATION = BY_NAME["session_idle"], BY_NAME["registration"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("15m", 900),
        ("8h", 8 * 3600),
        ("1d", 24 * 3600),
        (" 1H 30M ", 5400),
        ("365d", 365 * 24 * 3600),
        ("", None),
        ("default", None),
    ],
)
def test_a_limit_is_a_number_with_its_unit(text: str, seconds: int | None) -> None:
    assert IDLE.parse(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "30",
        "0m",
        "59s",
        "-15m",
        "1.5h",
        "366d",
        "9999999999999999h",
        "15 minutes",
        "m15",
        "30m1h",
        "\u0663\u0660m",
        "15m\x00",
        "soon",
    ],
)
def test_what_is_no_limit_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OAuthError) as refused:
        IDLE.parse(text)

    assert "for example 15m" in refused.value.description


@pytest.mark.parametrize("seconds", [60, 61, 90, 900, 5400, 86_400, 90_061, 365 * 24 * 3600])
def test_a_limit_is_written_as_it_is_read(seconds: int) -> None:
    assert IDLE.parse(IDLE.text(seconds)) == seconds


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.choices], ids=lambda f: f.name
)
def test_a_choice_is_one_of_the_known_values(field: PolicyField) -> None:
    for each in field.choices:
        assert field.parse(f" {each.value.upper()}") == each.value
        assert field.words(each.value) == each.words
    with pytest.raises(OAuthError, match="Choose one of"):
        field.parse("anything")


@pytest.mark.parametrize(
    ("name", "value", "than", "looser"),
    [
        ("session_idle", 901, 900, True),
        ("session_idle", 900, 900, False),
        ("session_idle", None, 900, False),
        ("session_idle", 900, None, False),
        ("second_factor", "optional", "required", True),
        ("second_factor", "required", "optional", False),
        ("registration", "staff", "administrators", True),
        ("single_sign_on", "allowed", "required", True),
    ],
)
def test_a_value_that_demands_less_is_looser(
    name: str, value: Value, than: Value, *, looser: bool
) -> None:
    assert BY_NAME[name].is_looser(value, than) is looser


def test_a_change_is_described_by_the_fields_that_differ() -> None:
    before, after = StatedPolicy(session_idle=900), StatedPolicy(registration="staff")

    fields = changed(before, after)

    assert described(before, fields) == "Idle limit: 15m; Registration of applications: not set"
    assert described(after, fields) == (
        "Idle limit: not set; Registration of applications: Administrators and staff"
    )
