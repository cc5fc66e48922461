"""One organization, and one of its applications, as operators see them: never a secret."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console.pages.overview import refusal_line
from gatepass.server.admin.console.rendering import page, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations import organizations
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.listing.model import Wanted
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.organizations import operations as stored
from gatepass.server.domain.usage import store as usage
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.invitations import operations as invitations
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.activity import in_words
from gatepass.server.portal.pages.application_keys.methods import KINDS
from gatepass.server.portal.pages.applications import usage as usage_pages
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_WEEK = timedelta(days=7)
_FEW = 20  # refusals, people and entries on the page
_LONGEST_NUMBER = 5  # digits


def show(request: ConsoleRequest) -> Response:
    """Show an organization."""
    return page(request, "organization.html", **_context(request), values={}, errors={})


def rerender(request: ConsoleRequest, refusal: OAuthError, field: str = "") -> Response:
    """Show it again, with the error beside the field and what was typed."""
    errors = errors_of(refusal, field)
    values = request.portal.typed()
    return rejected_form(
        request, "organization.html", refusal, **_context(request), values=values, errors=errors
    )


def application(request: ConsoleRequest) -> Response:
    """Show an application: its refusals in words, its usage, and its credentials."""
    organization = stored.find(request.context, request.id("org_id"))
    found = applications.find(request.context, request.id("app_id"), organization.id)
    portal = as_in_portal(request)
    return page(
        request,
        "application.html",
        organization=organization,
        application=found,
        methods=methods.find(request.context, found).in_order,
        kinds=KINDS,
        here=f"{request.base}organizations/{organization.id}/applications/{found.id}/",
        **usage_pages.refusals(portal, found),
        **usage_pages.context(portal, found),
    )


def entry_line(entry: Entry) -> tuple[Entry, str]:
    """Return an entry as operators see it, who of them it was, and its words."""
    who = entry.detail.get("operator") or entry.detail.get("claim")
    return replace(entry, actor=f"{entry.actor}: {who}" if who else entry.actor), in_words(entry)


def as_in_portal(request: ConsoleRequest) -> PortalRequest:
    """Return the request as if it were one of the environment's own portal, to read from there."""
    environment = request.environment
    return replace(request.portal, environment=environment, now=environment.now())


def _context(request: ConsoleRequest) -> Mapping[str, object]:
    org_id = request.id("org_id")
    organization, context = stored.find(request.context, org_id), request.context
    text = request.query.get("q", "").strip()[:200].replace("\0", "")
    found = applications.list_page(context, org_id, Wanted(text, page=_number(request)))
    with context.database.read() as connection:
        since = request.environment.now() - _WEEK
        refused = usage.newest(connection, since, _FEW, org_id)
        entries = audit.every(connection, org_id=org_id, before=None, limit=_FEW)
    people, has_more = users.page(context, org_id, where={}, after=None, limit=_FEW)
    return {
        "organization": organization,
        "state": "suspended" if organization.suspended_at else "active",
        "here": f"{request.base}organizations/{org_id}/",
        "applications": found,
        "values_of_search": {"q": text},
        "refusals": [refusal_line(each) for each in refused],
        "people": people,
        "has_more_people": has_more,
        "invitations": invitations.of_organization(context, org_id),
        "entries": [entry_line(entry) for _, entry in entries],
        **usage_pages.organization_context(as_in_portal(request), org_id),
        "effect": None if organization.suspended_at else _effect(request, org_id),
        "may_rename": request.may(organizations.RENAME),
        "may_suspend": request.may(organizations.SUSPEND),
    }


def _effect(request: ConsoleRequest, org_id: UUID) -> list[Message]:
    effect = request.preview(organizations.SUSPEND, org_id=org_id)
    return list(effect.sentences) if effect else []


def _number(request: ConsoleRequest) -> int:
    text = request.query.get("page", "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else 1
