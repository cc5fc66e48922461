"""The settings of an application that operators change, and the forms of some of them."""

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console import confirmation
from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import credentials, reading
from gatepass.server.admin.operations.applications import settings as operations
from gatepass.server.admin.operations.applications.model import OVERLAP
from gatepass.server.admin.operations.model import Operation
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.model import FieldGroup
from gatepass.server.domain.applications.fields.values import texts_of
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.networks import check_networks, format_networks
from gatepass.server.domain.applications.secrets import end as secret_end
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.applications.secrets.automatic_rotation import operations as rotations
from gatepass.server.domain.applications.secrets.automatic_rotation.model import OFFERED_OVERLAPS
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.portal.forms import automatic_rotation
from gatepass.server.portal.forms.errors import errors_of
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE = "application_settings.html"
_GROUPS = {group.path: group for group in table.GROUPS}
_NONE = Message("None")
_ON = {True: Message("On"), False: Message("Off")}
_ROTATION_DONE = {
    True: Message("Automatic rotation is on."),
    False: Message("Automatic rotation is off."),
}
NETWORKS, RATE_LIMIT = _GROUPS["networks/"], _GROUPS["minting/"]
TOKEN_SETTINGS = tuple(group for group in table.GROUPS if group.is_setting)
"""What its tokens are bound to, its profile, and how introspection is answered."""


def show(request: ConsoleRequest) -> Response:
    """Show the settings, each with its form where the role includes it."""
    return page(request, _TEMPLATE, **_context(request), values={}, errors={})


def set_networks(request: ConsoleRequest) -> Response:
    """Set from where requests may come."""
    try:
        networks = format_networks(check_networks(request.form.get("networks", "")))
    except OAuthError as refusal:
        return rerender(request, refusal, "networks")
    return change(
        request,
        operations.CHANGE,
        {"networks": networks.split()},
        Question(
            title=Message("Change the allowed source networks?"),
            button=Message("Yes, change the networks"),
            back=path_of(request),
            changes=[changed(request, NETWORKS, "networks", networks)],
        ),
        "networks",
        NETWORKS.done,
    )


def set_rate_limit(request: ConsoleRequest) -> Response:
    """Set the quota: how many tokens an hour, and what happens above that."""
    mode, limit = request.form.get("rate_limit_mode", ""), request.form.get("rate_limit", "")
    try:
        values = {
            field.name: field.parse(request.form.get(field.name, "")) for field in RATE_LIMIT.fields
        }
    except OAuthError as refusal:
        return rerender(request, refusal, "rate_limit")
    return change(
        request,
        operations.SET_RATE_LIMIT,
        {"mode": values["rate_limit_mode"], "limit": values["rate_limit"]},
        Question(
            title=Message("Change the token rate limit?"),
            button=Message("Yes, change the limit"),
            back=path_of(request),
            changes=[
                changed(request, RATE_LIMIT, "rate_limit_mode", mode),
                changed(request, RATE_LIMIT, "rate_limit", limit),
            ],
        ),
        "rate_limit",
        RATE_LIMIT.done,
    )


def set_rotation(request: ConsoleRequest) -> Response:
    """Allow the application to rotate its own secret, or forbid it."""
    try:
        setting = automatic_rotation.parse(request.form)
    except OAuthError as refusal:
        return rerender(request, refusal)
    before = rotations.find(request.context, _find(request).id).setting
    overlaps = {each: name for name, each in OVERLAP.items()}
    label = automatic_rotation.LABELS[automatic_rotation.STATE]
    return change(
        request,
        operations.SET_ROTATION,
        {
            "is_on": setting.is_on,
            "days": setting.interval.days,
            "overlap": overlaps[setting.overlap],
        },
        Question(
            title=Message("Change automatic rotation?"),
            button=Message("Yes, change it"),
            back=path_of(request),
            changes=[(label, _ON[before.is_on], _ON[setting.is_on])],
        ),
        automatic_rotation.STATE,
        _ROTATION_DONE[setting.is_on],
    )


def set_end(request: ConsoleRequest) -> Response:
    """Set when a secret ends."""
    secret_id, now = request.id("secret_id"), request.environment.now()
    field = _end_field(secret_id)
    choice, day = request.form.get("secret_end", ""), request.form.get("secret_end_date", "")
    try:
        end = secret_end.chosen_end(choice, day, now)
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    found = _find(request)
    secret = next((each for each in found.secrets if each.id == secret_id), None)
    return change(
        request,
        credentials.SET_END,
        {"secret_id": secret_id, "expires_at": end},
        Question(
            title=Message("Change the end of the secret?"),
            button=Message("Yes, change its end"),
            back=path_of(request),
            changes=[
                (
                    Message("Secret ending in {last_four}", last_four=secret.last_four or "?"),
                    secret_end.in_words(secret.expires_at),
                    secret_end.in_words(end),
                )
            ]
            if secret
            else [],
        ),
        field,
        Message("The end of the secret is changed."),
    )


def change(
    request: ConsoleRequest,
    operation: Operation[Any, Any],
    arguments: Mapping[str, object],
    question: Question,
    field: str,
    done: str,
) -> Response:
    """Change it after a page that says what stops; a refusal is shown at `field`."""
    given = {**arguments, "client_id": _find(request).client_id}
    try:
        if not confirmation.is_confirmed(request):
            return confirmation.ask(request, question, request.try_out(operation, **given).effect)
        request.perform(operation, **given)
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, path_of(request), done)


def rerender(request: ConsoleRequest, refusal: OAuthError, field: str = "") -> Response:
    """Show the settings again, with the error at `field` and what was typed."""
    return rejected_form(
        request,
        _TEMPLATE,
        refusal,
        **_context(request),
        values=request.portal.typed(),
        errors=errors_of(refusal, field),
    )


def _find(request: ConsoleRequest) -> Application:
    organization = organizations.find(request.context, request.id("org_id"))
    return applications.find(request.context, request.id("app_id"), organization.id)


def path_of(request: ConsoleRequest) -> str:
    """Return the path of the settings, below that of the environment."""
    app = f"organizations/{request.id('org_id')}/applications/{request.id('app_id')}/"
    return f"{app}settings/"


def _end_field(secret_id: UUID) -> str:
    return f"secret_end-{secret_id}"


def changed(
    request: ConsoleRequest, group: FieldGroup, name: str, after: str
) -> tuple[str, str, str]:
    """Return the label of a field, its value until now, and another one, in words."""
    field = next(each for each in group.fields if each.name == name)
    words = {value: label for value, label, _ in field.choices}

    def said(text: str) -> str:
        text = " ".join(text.split())
        return words.get(text, text) or (field.empty_fact if field.is_fact else _NONE)

    return field.label, said(texts_of(_find(request))[name]), said(after)


def _labels(found: Application) -> dict[str, str]:
    groups = (NETWORKS, RATE_LIMIT, *TOKEN_SETTINGS)
    named = {field.name: field.label for group in groups for field in group.fields}
    return named | {_end_field(each.id): Message("End of a secret") for each in found.secrets}


def _context(request: ConsoleRequest) -> Mapping[str, object]:
    found = _find(request)
    longest = secrets.longest_lifetime(request.context, found.org_id)
    setting = rotations.find(request.context, found.id).setting
    return {
        "organization": organizations.find(request.context, found.org_id),
        "application": found,
        "app_url": request.base + path_of(request).removesuffix("settings/"),
        "here": request.base + path_of(request),
        "seen": request.perform(reading.SHOW, client_id=found.client_id).etag,
        "stored": {**texts_of(found), **automatic_rotation.texts(setting)},
        "networks": NETWORKS.fields[0],
        "rate_limit": RATE_LIMIT.fields,
        "token_settings": [(group.path, group.fields[0]) for group in TOKEN_SETTINGS],
        "labels": {**automatic_rotation.LABELS, **_labels(found)},
        "overlaps": [
            (str(int(each / timedelta(seconds=1))), words)
            for each, words in OFFERED_OVERLAPS.items()
        ],
        "secrets": [
            SimpleNamespace(
                field=_end_field(each.id),
                id=each.id,
                last_four=each.last_four,
                expires_at=each.expires_at,
                last_used_at=each.last_used_at,
            )
            for each in found.live_secrets(request.environment.now())
        ],
        "lifetimes": secret_end.lifetimes_within(longest),
        "longest": longest,
        "default_end": secret_end.default_choice(longest),
        "may_change": request.may(operations.CHANGE),
        "may_secure": request.may(operations.SET_ROTATION),
    }
