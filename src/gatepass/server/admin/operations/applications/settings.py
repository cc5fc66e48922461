"""Applications: their settings."""

from datetime import timedelta
from typing import Any

from gatepass.server.admin.operations import effects, examples, partners
from gatepass.server.admin.operations.applications import effects as changes
from gatepass.server.admin.operations.applications.model import (
    AREA,
    OVERLAP,
    Application,
    ApplicationChange,
    ApplicationSettings,
    NewAutomaticRotation,
    NewRateLimit,
    NewScope,
    OneApplication,
)
from gatepass.server.admin.operations.applications.reading import SHOW, grantable, show
from gatepass.server.admin.operations.model import EITHER, SECURITY, Call, Nothing, Operation
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    operations as rotations,
)
from gatepass.server.domain.applications.secrets.automatic_rotation.model import Setting
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_EXAMPLE = {"client_id": examples.CLIENT_ID}


def _change(call: Call, new: ApplicationChange | ApplicationSettings) -> Application:
    sent = new.model_dump(exclude_unset=True, exclude={"client_id"})
    values = {name: value for name, value in sent.items() if value is not None}
    if not values:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    if "networks" in values:
        values["networks"] = check_networks(" ".join(values["networks"]))
    if "scope" in values:
        values["scope"] = Scope.parse(values["scope"])
    return _set(call, new, values)


def _set_scope(call: Call, new: NewScope) -> Application:
    return _set(call, new, {"scope": Scope.parse(new.scope)})


def _set_rate_limit(call: Call, new: NewRateLimit) -> Application:
    return _set(call, new, {"rate_limit_mode": new.mode, "rate_limit": new.limit})


def _set(call: Call, one: OneApplication, values: dict[str, Any]) -> Application:
    found = partners.application(call, one.client_id)
    allowed = grantable(call)
    operations.change(call.context, call.by, found.id, None, allowed=allowed, **values)
    return show(call, one)


def _set_rotation(call: Call, new: NewAutomaticRotation) -> Application:
    found = partners.application(call, new.client_id)
    if new.is_on is None and new.days is None and new.overlap is None:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    before = rotations.find(call.context, found.id).setting
    setting = Setting(
        before.is_on if new.is_on is None else new.is_on,
        before.interval if new.days is None else timedelta(days=new.days),
        before.overlap if new.overlap is None else OVERLAP[new.overlap],
    )
    rotations.configure(call.context, call.by, found.id, None, setting)
    return show(call, new)


def _disable(call: Call, one: OneApplication) -> Application:
    return _set_enabled(call, one, enabled=False)


def _enable(call: Call, one: OneApplication) -> Application:
    return _set_enabled(call, one, enabled=True)


def _set_enabled(call: Call, one: OneApplication, *, enabled: bool) -> Application:
    found = partners.application(call, one.client_id)
    operations.set_enabled(call.context, call.by, found.id, enabled=enabled, org_id=None)
    return show(call, one)


def _delete(call: Call, one: OneApplication) -> Nothing:
    found = partners.application(call, one.client_id)
    operations.delete(call.context, call.by, found.id, None)
    return Nothing()


CHANGE = Operation(
    name="application.change",
    area=AREA,
    roles=EITHER,
    method="PATCH",
    path="/applications/{client_id}",
    input=ApplicationChange,
    output=Application,
    run=_change,
    summary="Change name, contact, token lifetime or networks: all that is given, or nothing.",
    effect=changes.of_change,
    reads=SHOW,
    example={**_EXAMPLE, "networks": ["203.0.113.0/24", "198.51.100.7"]},
    answer={**examples.APPLICATION, "networks": ["203.0.113.0/24", "198.51.100.7"]},
)
CONFIGURE = Operation(
    name="application.configure",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/applications/{client_id}/settings",
    input=ApplicationSettings,
    output=Application,
    run=_change,
    summary="Change any settings together, scope and quota too: all that is given, or nothing.",
    reads=SHOW,
    example={**_EXAMPLE, "scope": "read", "token_lifetime": 3600},
    answer={**examples.APPLICATION, "scope": "read", "token_lifetime": 3600},
)
SET_SCOPE = Operation(
    name="application.set_scope",
    area=AREA,
    roles=SECURITY,
    method="PUT",
    path="/applications/{client_id}/scope",
    input=NewScope,
    output=Application,
    run=_set_scope,
    summary="Set all that its new tokens may allow.",
    reads=SHOW,
    example={**_EXAMPLE, "scope": "read"},
    answer={**examples.APPLICATION, "scope": "read"},
)
SET_RATE_LIMIT = Operation(
    name="application.set_rate_limit",
    area=AREA,
    roles=EITHER,
    method="PUT",
    path="/applications/{client_id}/rate-limit",
    input=NewRateLimit,
    output=Application,
    run=_set_rate_limit,
    summary="Set its quota: how many tokens an hour, and what happens above that.",
    effect=changes.of_rate_limit,
    reads=SHOW,
    example={**_EXAMPLE, "mode": "enforce", "limit": 100},
    answer={**examples.APPLICATION, "rate_limit_mode": "enforce", "rate_limit": 100},
)
SET_ROTATION = Operation(
    name="application.set_automatic_rotation",
    area=AREA,
    roles=SECURITY,
    method="PUT",
    path="/applications/{client_id}/automatic-rotation",
    input=NewAutomaticRotation,
    output=Application,
    run=_set_rotation,
    summary="Allow an application to rotate its own secret, or forbid it.",
    effect=changes.of_rotation_setting,
    reads=SHOW,
    example={**_EXAMPLE, "is_on": True, "days": 30, "overlap": "24-hours"},
    answer={
        **examples.APPLICATION,
        "automatic_rotation": {**examples.ROTATION, "is_on": True},
    },
)
DISABLE = Operation(
    name="application.disable",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/disable",
    input=OneApplication,
    output=Application,
    run=_disable,
    summary="Disable an application: no new tokens; its tokens are revoked permanently.",
    effect=effects.of_disabled_application,
    reads=SHOW,
    example=_EXAMPLE,
    answer={**examples.APPLICATION, "state": "disabled"},
)
ENABLE = Operation(
    name="application.enable",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/enable",
    input=OneApplication,
    output=Application,
    run=_enable,
    summary="Enable a disabled application; its earlier tokens stay revoked.",
    reads=SHOW,
    example=_EXAMPLE,
    answer=examples.APPLICATION,
)
DELETE = Operation(
    name="application.delete",
    area=AREA,
    roles=SECURITY,
    method="DELETE",
    path="/applications/{client_id}",
    input=OneApplication,
    output=Nothing,
    run=_delete,
    summary="Delete an application; its credentials and tokens become invalid.",
    effect=effects.of_deleted_application,
    reads=SHOW,
    example=_EXAMPLE,
)

OPERATIONS = (CHANGE, CONFIGURE, SET_SCOPE, SET_RATE_LIMIT, SET_ROTATION, DISABLE, ENABLE, DELETE)
