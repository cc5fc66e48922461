"""The list of organizations: searched, filtered, in pages."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations import organizations
from gatepass.server.admin.operations.organizations import Organization
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.organizations import operations as stored
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.single_sign_on import providers as single_sign_on
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

STATES = {
    "": Message("All"),
    "active": Message("Active"),
    "suspended": Message("Suspended"),
}
_WHOLE = re.compile(r".*[@_].*|[0-9a-f-]{32,36}", re.IGNORECASE)
"""What is an address, a client id or an organization id, and hardly a part of a name."""
_PAGE = 50
_LONGEST_TEXT = 200


def show(request: ConsoleRequest) -> Response:
    """Show the organizations that the query asks for, the newest first."""
    text = request.query.get("q", "").strip()[:_LONGEST_TEXT].replace("\0", "")
    state = request.query.get("state", "")
    state = state if state in STATES else ""
    is_first = "after" not in request.query
    exact = _exact(request, text) if is_first and not state else []
    errors: dict[str, str] = {}
    found: dict[str, Any] = {"items": [], "next_cursor": None}
    try:
        if not (exact and _WHOLE.fullmatch(text)):
            found = _named(request, text, state)
    except OAuthError as refusal:
        errors = errors_of(refusal)
    items = [Organization.model_validate(each) for each in found["items"]]
    items = [*exact, *(each for each in items if each not in exact)]
    given = {name: each for name, each in (("q", text), ("state", state)) if each}
    after = found["next_cursor"]
    return page(
        request,
        "organizations.html",
        organizations=items,
        values={"q": text, "state": state},
        states=STATES,
        errors=errors,
        is_filtered=bool(given),
        is_later=not is_first,
        next_url=f"?{urlencode(given | {'after': after})}" if after else "",
        first_url=f"?{urlencode(given)}",
        may_create=request.may(organizations.CREATE),
    )


def _named(request: ConsoleRequest, text: str, state: str) -> dict[str, Any]:
    """Return a page of the organizations with a text in their name."""
    return request.perform(
        organizations.LIST,
        search=text,
        state=state or None,
        limit=_PAGE,
        cursor=request.query.get("after", ""),
    ).result


def _exact(request: ConsoleRequest, text: str) -> list[Organization]:
    """Return the organizations that a whole id, name of an account, address or domain leads to."""
    found = [*_ids(request, text)] if text and " " not in text else []
    exact: dict[UUID, Organization] = {}
    for org_id in found:
        with suppress(NotFoundError):  # the operating organization has no page
            exact[org_id] = Organization.of(stored.find(request.context, org_id))
    return list(exact.values())


def _ids(request: ConsoleRequest, text: str) -> Iterator[UUID]:
    """Yield the ids of organizations that a text names, whether they are partners or not."""
    with suppress(ValueError):
        yield UUID(text)
    application = applications.find_by_client_id(request.context, text)
    if application:
        yield application.org_id
    person = users.find_anywhere(request.context, text)
    if person:
        yield person.org_id
    owner = single_sign_on.owner_of_domain(request.context, text) if "." in text else None
    if owner:
        yield owner
    if "@" in text:
        for each in users.with_portal_email(request.context, text):
            yield each.org_id
