"""One endpoint: shown with its deliveries, changed, its secret rotated, tested, removed."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from gatepass.server.admin.console import confirmation
from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.pages.webhooks.secret import find, keep, path_of
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.webhooks import deliveries, endpoints
from gatepass.server.domain.changes.webhooks.model import Endpoint
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.webhooks import form, words
from gatepass.server.portal.pages.webhooks.shown import context_of, delivery_id
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE, _EDIT = "webhooks/endpoint.html", "webhooks/edit.html"
_FAILED = "failed"
_SEE_FIELDS = OAuthError("invalid_request", Message("See the fields."))
_CHOOSE = OAuthError("invalid_request", Message("Choose how long the old secret stays valid."))


def show(request: ConsoleRequest) -> Response:
    """Show an endpoint with what was sent to it."""
    return page(request, _TEMPLATE, **_context(request), errors={})


def change_form(request: ConsoleRequest) -> Response:
    """Show the form with what an endpoint has now."""
    found = find(request)
    shown = form.shown(form.values_of(found), {}, of_organization=found.org_id is not None)
    return page(request, _EDIT, **_around(request, found), **shown)


def change(request: ConsoleRequest) -> Response:
    """Change an endpoint; what waits is sent to the new address."""
    found = find(request)
    new = form.read(request.form, request.context, found.org_id)
    refusal, errors = _SEE_FIELDS, dict(new.errors)
    if not errors:
        try:
            request.perform(
                endpoints.CHANGE,
                endpoint_id=found.id,
                url=new.url,
                events=list(new.events),
                description=new.description,
            )
        except OAuthError as refused:
            refusal, errors = refused, errors_of(refused)
        else:
            return redirect(request, path_of(found.id), Message("The endpoint is changed."))
    shown = form.shown(request.portal.typed(), errors, of_organization=found.org_id is not None)
    return rejected_form(request, _EDIT, refusal, **_around(request, found), **shown)


def rotate(request: ConsoleRequest) -> Response:
    """Make a new signing secret, and show it; a form that is sent twice makes one."""
    found, hours = find(request), request.form.get("overlap", "")
    if hours not in words.OVERLAPS:
        return _rerender(request, _CHOOSE)
    try:
        made = request.perform(
            endpoints.ROTATE, endpoint_id=found.id, overlap_hours=int(hours)
        ).result
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return keep(request, made, rotated=True)


def test(request: ConsoleRequest) -> Response:
    """Send an event of a test, which the list of deliveries then has."""
    done = Message("A test is on its way. Reload the page in a few seconds to see the result.")
    return _do(request, deliveries.TEST, done)


def send_again(request: ConsoleRequest) -> Response:
    """Send one delivery again, or all that failed."""
    wanted = request.form.get("delivery", "")
    ids = None if wanted == _FAILED else [delivery_id(wanted)]
    found = find(request)
    try:
        number = request.perform(deliveries.SEND_AGAIN, endpoint_id=found.id, ids=ids).result[
            "sent"
        ]
    except OAuthError as refusal:
        return _rerender(request, refusal)
    done = Message.plural(
        "{count} delivery is sent again.", "{count} deliveries are sent again.", number
    )
    return redirect(request, path_of(found.id), done)


def enable(request: ConsoleRequest) -> Response:
    """Send events to an endpoint again."""
    return _do(request, endpoints.ENABLE, Message("The endpoint is enabled."))


def disable(request: ConsoleRequest) -> Response:
    """Send nothing more to an endpoint, after a page that says what stops."""
    question = Question(
        title=Message("Disable the endpoint?"),
        button=Message("Yes, disable it"),
        back=path_of(request.id("endpoint_id")),
        is_danger=True,
    )
    done = Message("The endpoint is disabled.")
    return _ask_and_do(request, endpoints.DISABLE, question, done)


def remove(request: ConsoleRequest) -> Response:
    """Remove an endpoint with its deliveries, after a page that says what is lost."""
    found = find(request)
    question = Question(
        title=Message("Remove the endpoint?"),
        button=Message("Yes, remove it"),
        back=path_of(found.id),
        is_danger=True,
    )
    done = Message("The endpoint is removed.")
    return _ask_and_do(request, endpoints.REMOVE, question, done, _list_of(found))


def _ask_and_do(
    request: ConsoleRequest,
    operation: Operation[Any, Any],
    question: Question,
    done: Message,
    then: str = "",
) -> Response:
    endpoint_id = find(request).id
    if confirmation.is_confirmed(request):
        return _do(request, operation, done, then)
    try:
        effect = request.try_out(operation, endpoint_id=endpoint_id).effect
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return confirmation.ask(request, question, effect)


def _do(
    request: ConsoleRequest, operation: Operation[Any, Any], done: Message, then: str = ""
) -> Response:
    endpoint_id = request.id("endpoint_id")
    try:
        request.perform(operation, endpoint_id=endpoint_id)
    except OAuthError as refusal:
        return _rerender(request, refusal)
    return redirect(request, then or path_of(endpoint_id), done)


def _rerender(request: ConsoleRequest, refusal: OAuthError) -> Response:
    shown = _context(request)
    return rejected_form(request, _TEMPLATE, refusal, **shown, errors=errors_of(refusal))


def _context(request: ConsoleRequest) -> Mapping[str, Any]:
    found = find(request)
    here = request.base + path_of(found.id)
    return {
        **context_of(request.context, found, request.query, here),
        "organization": _organization(request, found),
        "here": here,
        "back": request.base + _list_of(found),
        "may_change": request.may(endpoints.CHANGE),
    }


def _around(request: ConsoleRequest, found: Endpoint) -> dict[str, Any]:
    here = request.base + path_of(found.id)
    return {
        "endpoint": found,
        "organization": _organization(request, found),
        "back": here,
        "action": f"{here}change/",
        "seen": request.perform(endpoints.SHOW, endpoint_id=found.id).etag,
    }


def _organization(request: ConsoleRequest, found: Endpoint) -> Organization | None:
    return organizations.find(request.context, found.org_id) if found.org_id else None


def _list_of(found: Endpoint) -> str:
    return f"organizations/{found.org_id}/webhooks/" if found.org_id else "webhooks/"
