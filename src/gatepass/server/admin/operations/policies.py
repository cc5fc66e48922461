"""Policies: what the operator and each organization demand of people and secrets."""

from uuid import UUID

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.model import (
    EITHER,
    SECURITY,
    Arguments,
    Call,
    Operation,
    Result,
)
from gatepass.server.domain.organizations.policies.fields import FIELDS, PolicyField, Value
from gatepass.server.domain.organizations.policies.model import (
    LeakedSecret,
    Policy,
    Registration,
    SecondFactor,
    SingleSignOn,
    StatedPolicy,
)
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.sessions import policies
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


class PolicyOf(Arguments):
    """The organization whose policy is meant."""

    org_id: UUID


class PolicyChangeOf(PolicyChange):
    """Fields of an organization's policy that change."""

    org_id: UUID


def _show(call: Call, of: PolicyOf) -> Policies:
    partners.organization(call, of.org_id)
    return _overview(call, of.org_id)


def _show_operator(call: Call, _: Arguments) -> Policies:
    return _overview(call, None)


def _overview(call: Call, org_id: UUID | None) -> Policies:
    found = policies.overview(call.context, call.environment.session_settings, org_id)
    return Policies(
        operator=PolicyValues.of(found.operator),
        organization=PolicyValues.of(found.organization) if org_id else None,
        in_force=PolicyValues.of(found.in_force),
    )


def _change(call: Call, new: PolicyChangeOf) -> Policies:
    partners.organization(call, new.org_id)
    return _changed(call, new.org_id, new)


def _change_operator(call: Call, new: PolicyChange) -> Policies:
    return _changed(call, None, new)


def _changed(call: Call, org_id: UUID | None, new: PolicyChange) -> Policies:
    sent = new.model_fields_set
    values: dict[str, Value] = {
        field.name: _checked(field, getattr(new, field.name))
        for field in FIELDS
        if field.name in sent
    }
    if not values:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    settings = call.environment.session_settings
    policies.change(call.context, settings, call.by, org_id, values)
    return _overview(call, org_id)


def _checked(field: PolicyField, value: Value) -> Value:
    """Return a value; raise InvalidField for one that the form would not take either."""
    if isinstance(value, int) and value < 0:
        raise InvalidField(field.name, "Give a number of seconds.")
    try:
        return field.parse(field.text(value))
    except OAuthError as refused:
        raise InvalidField(field.name, refused.description) from None


_OPEN = dict.fromkeys(PolicyValues.model_fields)
_IN_FORCE = {
    "second_factor": "required",
    "session_idle": 900,
    "session_absolute": 28800,
    "registration": "administrators",
    "single_sign_on": "allowed",
    "secret_lifetime": 7776000,
    "leaked_secret": "notify",
    "leaked_secret_grace": 86400,
}
_ANSWER = {
    "operator": {**_OPEN, "session_idle": 1800, "session_absolute": 28800},
    "organization": {
        **_OPEN,
        "second_factor": "required",
        "session_idle": 900,
        "secret_lifetime": 7776000,
    },
    "in_force": _IN_FORCE,
}
_ORGANIZATION = {"org_id": examples.ORGANIZATION_ID}

SHOW = Operation(
    name="policy.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/organizations/{org_id}/policy",
    input=PolicyOf,
    output=Policies,
    run=_show,
    summary="Return the policies that concern an organization, and what is in force.",
    example=_ORGANIZATION,
    answer=_ANSWER,
)
CHANGE = Operation(
    name="policy.change",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/organizations/{org_id}/policy",
    input=PolicyChangeOf,
    output=Policies,
    run=_change,
    summary="Change the policy of an organization; it can only be stricter than the operator's.",
    reads=SHOW,
    example={**_ORGANIZATION, "second_factor": "required", "session_idle": 900},
    answer=_ANSWER,
)
SHOW_OPERATOR = Operation(
    name="policy.show_operator",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/policy",
    input=Arguments,
    output=Policies,
    run=_show_operator,
    summary="Return the operator's policy, which holds for all organizations.",
    answer={**_ANSWER, "organization": None},
)
CHANGE_OPERATOR = Operation(
    name="policy.change_operator",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/policy",
    input=PolicyChange,
    output=Policies,
    run=_change_operator,
    summary="Change the operator's policy; it is in force for all organizations at once.",
    reads=SHOW_OPERATOR,
    example={"session_idle": 1200},
    answer={
        "operator": {**_OPEN, "session_idle": 1200, "session_absolute": 28800},
        "organization": None,
        "in_force": {**_IN_FORCE, "second_factor": "optional", "session_idle": 1200},
    },
)

OPERATIONS = (SHOW, CHANGE, SHOW_OPERATOR, CHANGE_OPERATOR)
