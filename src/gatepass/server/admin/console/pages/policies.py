"""The policies: that of the operator in an environment, and that of an organization."""

from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console import confirmation
from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.policies import changes
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.organizations.policies.fields import FIELDS, Choice, PolicyField, Value
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users.sessions import policies
from gatepass.server.domain.users.sessions.policies import Overview
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.users.policies import parse, typed, words_of
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE = "policies.html"
_NOTHING_SET = Message("Nothing set")
_NO_LIMIT = Message("No limit")
_SEE_FIELDS = OAuthError("invalid_request", Message("See the fields."))
_DONE = Message("The policy is changed.")
_UNCHANGED = Message("Nothing was changed.")


def show(request: ConsoleRequest) -> Response:
    """Show the policy of the operator, or of an organization."""
    return page(request, _TEMPLATE, **_context(request), errors={})


def change(request: ConsoleRequest) -> Response:
    """Change it, after a page that says what stops."""
    errors, values = Errors(), dict[str, Value]()
    for field in FIELDS:
        text = request.form.get(field.name, "")
        values[field.name] = errors.check(field.name, partial(parse, field, text))
    if errors:
        return _rerender(request, _SEE_FIELDS, errors)
    stated = _stated(request)
    new: dict[str, Value] = {
        field.name: values[field.name] for field in FIELDS if values[field.name] != field.of(stated)
    }
    if not new:
        return redirect(request, _path(request), _UNCHANGED)
    arguments = {**new, **_of(request)}
    try:
        if not confirmation.is_confirmed(request):
            tried = request.try_out(_operation(request), **arguments)
            return confirmation.ask(request, _question(request, stated, new), tried.effect)
        request.perform(_operation(request), **arguments)
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return redirect(request, _path(request), _DONE)


def _question(request: ConsoleRequest, stated: StatedPolicy, new: Mapping[str, Value]) -> Question:
    return Question(
        title=Message("Change the policy?"),
        button=Message("Yes, change the policy"),
        back=_path(request),
        changes=[
            (
                field.label,
                words_of(field, field.of(stated), _NOTHING_SET),
                words_of(field, new[field.name], _NOTHING_SET),
            )
            for field in FIELDS
            if field.name in new
        ],
    )


def _rerender(
    request: ConsoleRequest, refusal: OAuthError, errors: Errors | None = None
) -> Response:
    """Show the form again, with the errors and what was typed."""
    context = _context(request)
    known = {field.name for field in FIELDS}
    given = {name: text for name, text in request.portal.typed().items() if name in known}
    context = {**context, "values": {**context["values"], **given}}
    return rejected_form(
        request, _TEMPLATE, refusal, **context, errors=errors or errors_of(refusal)
    )


def _context(request: ConsoleRequest) -> dict[str, Any]:
    org_id, found = _org_id(request), _overview(request)
    stated = _stated(request)
    return {
        "organization": organizations.find(request.context, org_id) if org_id else None,
        "here": request.base + _path(request),
        "rows": [row(field, found, stated, of_operator=org_id is None) for field in FIELDS],
        "labels": {field.name: field.label for field in FIELDS},
        "values": {field.name: typed(field, stated) for field in FIELDS},
        "seen": request.perform(_reading(request), **_of(request)).etag,
        "may_change": request.may(_operation(request)),
    }


def row(
    field: PolicyField, found: Overview, stated: StatedPolicy, *, of_operator: bool
) -> SimpleNamespace:
    """Return a field as the page shows it; what is looser than the operator's is left out."""
    operator, own = field.of(found.operator), field.of(stated)
    return SimpleNamespace(
        field=field,
        operator=words_of(field, operator, Message("Left to the organization")),
        own=words_of(field, own, _NOTHING_SET),
        in_force=words_of(field, field.of(found.in_force), _NO_LIMIT),
        choices=_choices(field, own, None if of_operator else operator),
    )


def _choices(field: PolicyField, own: Value, least: Value) -> list[Choice]:
    return [
        each
        for each in field.choices
        if each.value == own or not field.is_looser(each.value, least)
    ]


def _org_id(request: ConsoleRequest) -> UUID | None:
    return request.portal.ids.get("org_id")


def _of(request: ConsoleRequest) -> dict[str, object]:
    org_id = _org_id(request)
    return {"org_id": org_id} if org_id else {}


def _path(request: ConsoleRequest) -> str:
    org_id = _org_id(request)
    return f"organizations/{org_id}/policy/" if org_id else "policy/"


def _operation(request: ConsoleRequest) -> Operation[Any, Any]:
    return changes.CHANGE if _org_id(request) else changes.CHANGE_OPERATOR


def _reading(request: ConsoleRequest) -> Operation[Any, Any]:
    return changes.SHOW if _org_id(request) else changes.SHOW_OPERATOR


def _overview(request: ConsoleRequest) -> Overview:
    org_id = _org_id(request)
    if org_id:
        organizations.find(request.context, org_id)  # the operating organization has no page
    settings = request.environment.session_settings
    return policies.overview(request.context, settings, org_id)


def _stated(request: ConsoleRequest) -> StatedPolicy:
    """Return what is stated, without the limits of the settings."""
    return policies.stated(request.context, _org_id(request))
