"""Endpoints: the list, adding, one endpoint, changing it, on and off, removing it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.changes.webhooks.model import MOST_ENDPOINTS, Endpoint
from gatepass.server.domain.organizations.webhooks import operations
from gatepass.server.domain.organizations.webhooks.operations import DoneAlreadyError, Once
from gatepass.server.portal import redirects
from gatepass.server.portal.pages.webhooks import form, words
from gatepass.server.portal.pages.webhooks.keeping import keep, secret_page
from gatepass.server.portal.pages.webhooks.shown import context_of
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_WRONG = OAuthError("invalid_request", Message("See the fields."))


def index(request: PortalRequest) -> Response:
    """List the endpoints of the organization, oldest first."""
    found = operations.of_owner(request.context, request.org_id)
    return page(
        request,
        "webhooks/index.html",
        endpoints=[(each, words.ENDPOINTS[each.state]) for each in found],
        most=MOST_ENDPOINTS,
        is_available=operations.is_available(request.context),
    )


def add_form(request: PortalRequest) -> Response:
    """Show the form for a new endpoint."""
    return page(
        request,
        "webhooks/edit.html",
        endpoint=None,
        **form.shown({"events": "all"}, {}, of_organization=True),
    )


def add(request: PortalRequest) -> Response:
    """Add an endpoint, and show its secret; a form sent twice adds one."""
    new, endpoint_id = _typed(request), request.creation_id()
    if new.errors:
        return _rerender_form(request, None, _WRONG, new.errors)
    try:
        operations.add(
            request.context,
            request.actor,
            request.org_id,
            new.url,
            new.events,
            new.description,
            Once(endpoint_id, lambda connection, made: keep(request, connection, made, "")),
        )
    except DoneAlreadyError:
        pass
    except OAuthError as refusal:
        return _rerender_form(request, None, refusal, {"": refusal.message})
    return redirect(request, secret_page(endpoint_id))


def one(request: PortalRequest) -> Response:
    """Show an endpoint with what was sent to it."""
    return page(request, "webhooks/endpoint.html", **_page_context(request), errors={})


def change_form(request: PortalRequest) -> Response:
    """Show the form with what an endpoint has now."""
    found = find(request)
    shown = form.shown(form.values_of(found), {}, of_organization=True)
    return page(request, "webhooks/edit.html", endpoint=found, **shown)


def change(request: PortalRequest) -> Response:
    """Change an endpoint; what waits is sent to the new address."""
    found, new = find(request), _typed(request)
    if new.errors:
        return _rerender_form(request, found, _WRONG, new.errors)
    try:
        operations.change(
            request.context,
            request.actor,
            found.id,
            request.org_id,
            url=new.url,
            events=new.events,
            description=new.description,
        )
    except OAuthError as refusal:
        return _rerender_form(request, found, refusal, {"": refusal.message})
    return redirect(request, address(found.id), Message("The endpoint is changed."))


def enable(request: PortalRequest) -> Response:
    """Send events to an endpoint again."""
    return _set_enabled(request, Message("The endpoint is enabled."), enabled=True)


def disable(request: PortalRequest) -> Response:
    """Send nothing more to an endpoint."""
    return _set_enabled(request, Message("The endpoint is disabled."), enabled=False)


def remove(request: PortalRequest) -> Response:
    """Remove an endpoint with its deliveries."""
    found = find(request)
    operations.remove(request.context, request.actor, found.id, request.org_id)
    return redirect(request, redirects.WEBHOOKS, Message("The endpoint is removed."))


def rerender(request: PortalRequest, refusal: OAuthError) -> Response:
    """Show an endpoint with what was refused."""
    shown = _page_context(request)
    errors = {"": refusal.message}
    return rejected_form(request, "webhooks/endpoint.html", refusal, **shown, errors=errors)


def find(request: PortalRequest) -> Endpoint:
    """Return the endpoint of the path; raise NotFoundError for one of another organization."""
    return operations.find(request.context, request.ids["endpoint_id"], request.org_id)


def address(endpoint_id: UUID) -> str:
    """Return the path of an endpoint's page."""
    return f"{redirects.WEBHOOKS}{endpoint_id}/"


def _typed(request: PortalRequest) -> form.Given:
    return form.read(request.form, request.context, request.org_id)


def _set_enabled(request: PortalRequest, done: Message, *, enabled: bool) -> Response:
    found = find(request)
    operations.set_enabled(
        request.context, request.actor, found.id, request.org_id, enabled=enabled
    )
    return redirect(request, address(found.id), done)


def _rerender_form(
    request: PortalRequest,
    found: Endpoint | None,
    refusal: OAuthError,
    errors: Mapping[str, str],
) -> Response:
    shown = form.shown(request.typed(), errors, of_organization=True)
    return rejected_form(request, "webhooks/edit.html", refusal, endpoint=found, **shown)


def _page_context(request: PortalRequest) -> dict[str, Any]:
    found = find(request)
    shown = context_of(request.context, found, request.query, address(found.id))
    return {**shown, "version": found.secret_version}
