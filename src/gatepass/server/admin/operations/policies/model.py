"""What operations on policies take and return."""

from uuid import UUID

from gatepass.server.admin.operations.model import Arguments, Result
from gatepass.server.domain.organizations.policies.fields import FIELDS, PolicyField, Value
from gatepass.server.domain.organizations.policies.model import (
    LeakedSecret,
    NewApplications,
    Policy,
    Registration,
    SecondFactor,
    SingleSignOn,
    StatedPolicy,
)
from gatepass.server.domain.users.model import InvalidField
from gatepass.wire.errors import OAuthError

AREA = "organizations"


class PolicyValues(Result):
    """The fields of a policy; null leaves one open. Limits are in seconds."""

    second_factor: SecondFactor | None
    session_idle: int | None
    session_absolute: int | None
    registration: Registration | None
    single_sign_on: SingleSignOn | None
    secret_lifetime: int | None
    leaked_secret: LeakedSecret | None
    leaked_secret_grace: int | None
    new_applications: NewApplications | None

    @classmethod
    def of(cls, found: StatedPolicy | Policy) -> "PolicyValues":
        """Return the fields of a policy."""
        return cls.model_validate(found)


class Policies(Result):
    """What the operator demands, what the organization does, and what is in force.

    The limits of the settings count as the operator's. For each field the stricter value is in
    force. The operator's own policy has no `organization`.
    """

    operator: PolicyValues
    organization: PolicyValues | None
    in_force: PolicyValues


class PolicyChange(Arguments):
    """Fields that change; null leaves a field open, and what is not given stays as it is."""

    second_factor: SecondFactor | None = None
    session_idle: int | None = None
    session_absolute: int | None = None
    registration: Registration | None = None
    single_sign_on: SingleSignOn | None = None
    secret_lifetime: int | None = None
    leaked_secret: LeakedSecret | None = None
    leaked_secret_grace: int | None = None
    new_applications: NewApplications | None = None


class PolicyOf(Arguments):
    """The organization whose policy is meant."""

    org_id: UUID


class PolicyChangeOf(PolicyChange):
    """Fields of an organization's policy that change."""

    org_id: UUID


def values_of(new: PolicyChange) -> dict[str, Value]:
    """Return the fields that are given; raise InvalidField for what the form would not take."""
    return {
        field.name: _checked(field, getattr(new, field.name))
        for field in FIELDS
        if field.name in new.model_fields_set
    }


def _checked(field: PolicyField, value: Value) -> Value:
    if isinstance(value, int) and value < 0:
        raise InvalidField(field.name, "Give a number of seconds.")
    try:
        return field.parse(field.text(value))
    except OAuthError as refused:
        raise InvalidField(field.name, refused.description) from None
