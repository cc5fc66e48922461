"""The endpoints of the operator, or of an organization; and a new one."""

from typing import Any

from starlette.responses import Response

from gatepass.server.admin.console.pages.webhooks.secret import keep
from gatepass.server.admin.console.rendering import page, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations import organizations
from gatepass.server.admin.operations.webhooks import endpoints
from gatepass.server.domain.changes.webhooks.model import MOST_ENDPOINTS
from gatepass.server.domain.organizations import operations as stored
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.webhooks import operations
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.webhooks import form, words
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_SEE_FIELDS = OAuthError("invalid_request", Message("See the fields."))


def index(request: ConsoleRequest) -> Response:
    """List the endpoints, the oldest first."""
    organization = _organization(request)
    found = operations.of_owner(request.context, organization.id if organization else None)
    return page(
        request,
        "webhooks/index.html",
        organization=organization,
        endpoints=[(each, words.ENDPOINTS[each.state]) for each in found],
        most=MOST_ENDPOINTS,
        is_available=operations.is_available(request.context),
        may_change=request.may(endpoints.ADD),
        here=_address(request, organization),
    )


def add_form(request: ConsoleRequest) -> Response:
    """Show the form for a new endpoint."""
    organization = _organization(request)
    shown = form.shown({"events": "all"}, {}, of_organization=organization is not None)
    return page(request, "webhooks/edit.html", **_around(request, organization), **shown)


def add(request: ConsoleRequest) -> Response:
    """Add an endpoint, and show its secret; a form that is sent twice adds one."""
    organization = _organization(request)
    org_id = organization.id if organization else None
    new = form.read(request.form, request.context, org_id)
    if new.errors:
        return _rerender(request, organization, _SEE_FIELDS, new.errors)
    try:
        made = request.perform(
            endpoints.ADD,
            org_id=org_id,
            url=new.url,
            events=list(new.events),
            description=new.description,
        ).result
    except OAuthError as refusal:
        return _rerender(request, organization, refusal, errors_of(refusal))
    return keep(request, made, rotated=False)


def _rerender(
    request: ConsoleRequest,
    organization: Organization | None,
    refusal: OAuthError,
    errors: Errors | dict[str, str],
) -> Response:
    shown = form.shown(request.portal.typed(), errors, of_organization=organization is not None)
    around = _around(request, organization)
    return rejected_form(request, "webhooks/edit.html", refusal, **around, **shown)


def _around(request: ConsoleRequest, organization: Organization | None) -> dict[str, Any]:
    address = _address(request, organization)
    return {
        "organization": organization,
        "endpoint": None,
        "seen": "",
        "back": address,
        "action": f"{address}add/",
    }


def _organization(request: ConsoleRequest) -> Organization | None:
    """Return the organization of the path, if it names one; the operating one has no page."""
    org_id = request.portal.ids.get("org_id")
    if org_id is None:
        return None
    request.perform(organizations.SHOW, org_id=org_id)
    return stored.find(request.context, org_id)


def _address(request: ConsoleRequest, organization: Organization | None) -> str:
    of = f"organizations/{organization.id}/" if organization else ""
    return f"{request.base}{of}webhooks/"
