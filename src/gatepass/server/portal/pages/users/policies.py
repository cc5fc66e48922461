"""The policies of the organization, beside those of the operator."""

import json
from dataclasses import asdict
from functools import partial
from types import SimpleNamespace

from starlette.responses import Response

from gatepass.server.domain.organizations.policies.fields import FIELDS, PolicyField, Value
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users.sessions import policies
from gatepass.server.domain.users.sessions.policies import Overview
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.durations import span
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE = "policies.html"
_OPEN = "open"


def form(request: PortalRequest) -> Response:
    """Show what the operator and the organization demand, and what is in force."""
    found = _overview(request)
    values = {field.name: typed(field, found.organization) for field in FIELDS}
    return page(
        request,
        _TEMPLATE,
        **page_context(found, sends_mail=request.sends_mail),
        values=values,
        errors={},
    )


def change(request: PortalRequest) -> Response:
    """Change the organization's policies; in force at once."""
    errors, values = Errors(), dict[str, Value]()
    for field in FIELDS:
        text = request.form.get(field.name, "")
        values[field.name] = errors.check(field.name, partial(parse, field, text))
    if errors:
        return rerender(request, OAuthError("invalid_request", Message("See the fields.")), errors)
    try:
        before = policies.stated(request.context, request.org_id)
        after = policies.change(
            request.context,
            request.environment.session_settings,
            request.actor,
            request.org_id,
            values,
            _seen(request.form.get("seen", "")),
        )
    except OAuthError as refusal:
        return rerender(request, refusal)
    done = (
        Message("Nothing was changed.") if before == after else Message("The policies are changed.")
    )
    return redirect(request, redirects.POLICIES, done)


def rerender(request: PortalRequest, refusal: OAuthError, errors: Errors | None = None) -> Response:
    """Show the form again, with the errors and the typed values."""
    found = _overview(request)
    known = {field.name for field in FIELDS}
    values = {name: text for name, text in request.typed().items() if name in known}
    values = {field.name: typed(field, found.organization) for field in FIELDS} | values
    return rejected_form(
        request,
        _TEMPLATE,
        refusal,
        **page_context(found, sends_mail=request.sends_mail),
        values=values,
        errors=errors or errors_of(refusal),
    )


def _overview(request: PortalRequest) -> Overview:
    settings = request.environment.session_settings
    return policies.overview(request.context, settings, request.org_id)


def page_context(found: Overview, *, sends_mail: bool) -> dict[str, object]:
    """Return what the page shows of the policies."""
    return {
        "sends_mail": sends_mail,
        "rows": [_row(field, found) for field in FIELDS],
        "labels": {field.name: field.label for field in FIELDS},
        "seen": json.dumps(asdict(found.organization)),
    }


def _row(field: PolicyField, found: Overview) -> SimpleNamespace:
    """Return a field with its values in words; what is looser than the operator's is left out."""
    operator, own = field.of(found.operator), field.of(found.organization)
    return SimpleNamespace(
        field=field,
        operator=words_of(field, operator, Message("Leaves it to you")),
        own=words_of(field, own, Message("Nothing set")),
        in_force=words_of(field, field.of(found.in_force), Message("No limit")),
        choices=[
            each
            for each in field.choices
            if each.value == own or not field.is_looser(each.value, operator)
        ],
    )


def words_of(field: PolicyField, value: Value, otherwise: str) -> str:
    """Return a value in words, `otherwise` for a field that is left open."""
    if value is None:
        return otherwise
    return span(value) if isinstance(value, int) else field.words(value)


def parse(field: PolicyField, text: str) -> Value:
    """Return the value of the field's control; raise OAuthError for another text."""
    return field.parse("" if text == _OPEN else text)


def typed(field: PolicyField, stated: StatedPolicy) -> str:
    """Return the value of the field's control."""
    return field.text(field.of(stated)) or ("" if field.is_limit else _OPEN)


def _seen(text: str) -> StatedPolicy | None:
    """Return the policy that the form was shown with; None where it does not say."""
    try:
        return StatedPolicy(**json.loads(text))
    except (TypeError, ValueError):
        return None
