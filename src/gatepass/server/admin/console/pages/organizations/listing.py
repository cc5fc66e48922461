"""The list of organizations: searched, filtered, in pages."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations import organizations
from gatepass.server.admin.operations.organizations import Organization
from gatepass.server.portal.forms.errors import errors_of
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

STATES = {
    "": Message("All"),
    "active": Message("Active"),
    "suspended": Message("Suspended"),
}
_PAGE = 50
_LONGEST_TEXT = 200


def show(request: ConsoleRequest) -> Response:
    """Show the organizations that the query asks for, the newest first."""
    text = request.query.get("q", "").strip()[:_LONGEST_TEXT].replace("\0", "")
    state = request.query.get("state", "")
    state = state if state in STATES else ""
    errors: dict[str, str] = {}
    found: dict[str, Any] = {"items": [], "next_cursor": None}
    try:
        found = request.perform(
            organizations.LIST,
            search=text,
            state=state or None,
            limit=_PAGE,
            cursor=request.query.get("after", ""),
        ).result
    except OAuthError as refusal:
        errors = errors_of(refusal)
    given = {name: each for name, each in (("q", text), ("state", state)) if each}
    after = found["next_cursor"]
    return page(
        request,
        "organizations.html",
        organizations=[Organization.model_validate(each) for each in found["items"]],
        values={"q": text, "state": state},
        states=STATES,
        errors=errors,
        is_filtered=bool(given),
        is_later="after" in request.query,
        next_url=f"?{urlencode(given | {'after': after})}" if after else "",
        first_url=f"?{urlencode(given)}",
        may_create=request.may(organizations.CREATE),
    )
