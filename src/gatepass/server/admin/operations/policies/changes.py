"""Policies: what the operator and each organization demand of people and secrets."""

from uuid import UUID

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.model import EITHER, SECURITY, Arguments, Call, Operation
from gatepass.server.admin.operations.policies import effects
from gatepass.server.admin.operations.policies.model import (
    AREA,
    Policies,
    PolicyChange,
    PolicyChangeOf,
    PolicyOf,
    PolicyValues,
    values_of,
)
from gatepass.server.domain.users.sessions import policies
from gatepass.wire.errors import OAuthError


def _show(call: Call, of: PolicyOf) -> Policies:
    partners.owner(call, of.org_id)
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
    partners.owner(call, new.org_id)
    return _changed(call, new.org_id, new)


def _change_operator(call: Call, new: PolicyChange) -> Policies:
    return _changed(call, None, new)


def _changed(call: Call, org_id: UUID | None, new: PolicyChange) -> Policies:
    values = values_of(new)
    if not values:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    settings = call.environment.session_settings
    policies.change(call.context, settings, call.by, org_id, values)
    return _overview(call, org_id)


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
    "new_applications": "secrets",
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
    effect=effects.of_policy,
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
    effect=effects.of_operator_policy,
    reads=SHOW_OPERATOR,
    example={"session_idle": 1200},
    answer={
        "operator": {**_OPEN, "session_idle": 1200, "session_absolute": 28800},
        "organization": None,
        "in_force": {**_IN_FORCE, "second_factor": "optional", "session_idle": 1200},
    },
)

OPERATIONS = (SHOW, CHANGE, SHOW_OPERATOR, CHANGE_OPERATOR)
