"""`gatepass policy`: shown and set by the operator, for all or for one organization."""

import json
import re

import pytest

from server.cli.conftest import Command


@pytest.fixture(scope="module")
def acme(gatepass: Command) -> str:
    created = gatepass("organization", "create", "Acme", "--admin", "anna", "--json")
    return str(json.loads(created.out)["org_id"])


def shown(gatepass: Command, *arguments: str) -> dict[str, dict[str, object]]:
    rows = json.loads(gatepass("policy", "show", "--json", *arguments).out)
    return {row.pop("field"): row for row in rows}


def test_without_a_policy_the_settings_and_defaults_are_in_force(
    gatepass: Command, acme: str
) -> None:
    found = shown(gatepass, "--organization", acme)

    assert found["second-factor"] == {
        "operator": None,
        "organization": None,
        "in_force": "optional",
    }
    assert found["session-idle"]["in_force"] == 1800
    assert found["registration"]["in_force"] == "administrators"
    assert set(found) == {
        *("second-factor", "session-idle", "session-absolute"),
        *("registration", "single-sign-on", "secret-lifetime"),
        *("leaked-secret", "leaked-secret-grace", "new-applications"),
    }


def test_the_operators_value_and_the_organizations_are_shown_with_the_stricter_one(
    gatepass: Command, acme: str
) -> None:
    by_operator = gatepass("policy", "set", "session-idle", "20m")
    own = gatepass("policy", "set", "session-idle", "10m", "--organization", acme, "--json")

    assert by_operator.out == "session-idle is 20m for everybody in production, at once.\n"
    assert json.loads(own.out) == {
        "field": "session-idle",
        "operator": 1200,
        "organization": 600,
        "in_force": 600,
    }
    assert shown(gatepass)["session-idle"] == {"operator": 1200, "in_force": 1200}
    assert re.search(
        r"session-idle +20m +10m +10m", gatepass("policy", "show", "--organization", acme).out
    )


def test_default_leaves_a_field_open_again(gatepass: Command, acme: str) -> None:
    gatepass("policy", "set", "second-factor", "required", "--organization", acme)

    ran = gatepass("policy", "set", "second-factor", "default", "--organization", acme)

    assert ran.out == "second-factor is optional for the people of the organization, at once.\n"
    assert shown(gatepass, "--organization", acme)["second-factor"]["organization"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("session-idle", "3h"), "The settings say: 30m. A policy can only be stricter."),
        (("session-idle", "30"), "Give a number with its unit"),
        (("registration", "everybody"), "Choose one of staff, administrators, or default."),
        (("registration", "staff", "--organization", "acme"), "acme was not found."),
    ],
)
def test_what_cannot_be_set_is_one_line_and_status_1(
    gatepass: Command, arguments: tuple[str, ...], said: str
) -> None:
    before = shown(gatepass)

    ran = gatepass("policy", "set", *arguments)

    assert (ran.status, ran.out) == (1, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert shown(gatepass) == before


def test_an_unknown_field_lists_the_known_ones(gatepass: Command) -> None:
    ran = gatepass("policy", "set", "password", "short")

    assert ran.status == 2
    assert "single-sign-on" in ran.err


def test_what_is_looser_than_the_operator_is_refused(gatepass: Command, acme: str) -> None:
    gatepass("policy", "set", "single-sign-on", "required")

    ran = gatepass("policy", "set", "single-sign-on", "allowed", "--organization", acme)

    assert (ran.status, ran.out) == (1, "")
    assert "The operator demands: Required. A policy can only be stricter." in ran.err
