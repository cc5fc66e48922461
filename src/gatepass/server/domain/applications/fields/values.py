"""The values of an application's fields: as texts for forms, and checked before they change."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.model import Change, FieldGroup, text_of
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit.model import Actor
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope


def texts_of(application: Application) -> dict[str, str]:
    """Return the values of all fields as forms show them, by the fields' names."""
    return {
        field.name: text_of(field, application).replace(" ", "\n")
        if field.control == "lines"
        else text_of(field, application)
        for group in table.GROUPS
        for field in group.fields
    }


def check_values(
    by: Actor, application: Application, allowed: Scope, values: Mapping[str, object]
) -> tuple[Application, list[FieldGroup]]:
    """Return the application with other values, and the groups that they belong to.

    Raises OAuthError for a value that is not allowed, and for a field that `by` may not change.
    """
    groups = [
        group for group in table.GROUPS if any(field.name in values for field in group.fields)
    ]
    if not all(by.kind in group.changed_by for group in groups):
        raise OAuthError(
            "invalid_request", Message("Only the operator changes this field."), status=403
        )
    known = [field for group in groups for field in group.fields if field.name in values]
    checked: dict[str, Any] = {field.name: field.check(values[field.name]) for field in known}
    if len(checked) < len(values):
        raise TypeError(f"not an editable field: {values.keys() - checked.keys()}")
    after = replace(application, **checked)
    for group in groups:
        group.check(Change(application, after, allowed))
    return after, groups
