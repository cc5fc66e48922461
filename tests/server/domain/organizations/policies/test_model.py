"""Of what operator and organization demand, the stricter is in force, field by field."""

import pytest

from gatepass.server.domain.organizations.policies.model import Policy, StatedPolicy, in_force

NOTHING = StatedPolicy()


def test_where_nobody_states_a_policy_the_defaults_are_in_force() -> None:
    assert in_force() == in_force(NOTHING, NOTHING) == Policy()


@pytest.mark.parametrize(
    ("operator", "organization", "expected"),
    [
        (StatedPolicy(second_factor="required"), NOTHING, Policy(second_factor="required")),
        (
            StatedPolicy(second_factor="required"),
            StatedPolicy(second_factor="optional"),
            Policy(second_factor="required"),
        ),
        (StatedPolicy(second_factor="optional"), NOTHING, Policy()),
        (
            StatedPolicy(session_idle=600, session_absolute=3600),
            StatedPolicy(session_idle=900),
            Policy(session_idle=600, session_absolute=3600),
        ),
        (NOTHING, StatedPolicy(registration="staff"), Policy(registration="staff")),
        (
            StatedPolicy(registration="administrators"),
            StatedPolicy(registration="staff"),
            Policy(registration="administrators"),
        ),
        (NOTHING, StatedPolicy(single_sign_on="required"), Policy(single_sign_on="required")),
    ],
)
def test_the_stricter_value_of_each_field_is_in_force(
    operator: StatedPolicy, organization: StatedPolicy, expected: Policy
) -> None:
    assert in_force(operator, organization) == expected
    assert in_force(organization, operator) == expected
