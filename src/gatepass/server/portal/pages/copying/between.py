"""The settings of one application given to another one, after both were compared."""

from starlette.responses import Response

from gatepass.server.domain.applications import copying, operations
from gatepass.server.domain.applications.model import Application
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.applications.sub_pages import (
    address,
    check_owner,
    find_application,
)
from gatepass.server.portal.pages.copying import form
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE = "copy_compare.html"
_LONGEST_ID = 255


def compare(request: PortalRequest) -> Response:
    """Show what an application would get from another one."""
    source, target = find_application(request), _target(request, request.query.get("to", ""))
    return page(request, _TEMPLATE, errors={}, **_context(request, source, target))


def apply(request: PortalRequest) -> Response:
    """Give the settings to the other application, if both are as they were shown."""
    source, target = find_application(request), _target(request, request.form.get("to", ""))
    if target is None:
        raise NotFoundError(request.path)
    check_owner(request, target)
    try:
        changed = copying.copy_settings(
            request.context,
            request.catalogue,
            request.actor,
            request.org_id,
            source_id=source.id,
            target_id=target.id,
            shown=request.form.get("shown", ""),
        )
    except OAuthError as refusal:
        shown = _context(request, source, target)
        return rejected_form(request, _TEMPLATE, refusal, errors=errors_of(refusal), **shown)
    done = (
        Message(
            "{target} has the settings of {source} now.", target=target.name, source=source.name
        )
        if changed
        else ""
    )
    return redirect(request, address(target.id), done or Message("Nothing was different."))


def _target(request: PortalRequest, client_id: str) -> Application | None:
    """Return the other application of the organization; None where it is not one of these."""
    client_id = client_id.strip()
    if not client_id.isprintable() or len(client_id) > _LONGEST_ID:
        return None
    found = operations.find_by_client_id(request.context, client_id)
    if found is None or found.org_id != request.org_id or found.id == request.ids["app_id"]:
        return None
    return found


def _context(
    request: PortalRequest, source: Application, target: Application | None
) -> dict[str, object]:
    if target is None:
        return {"application": source, "target": None, "to": request.query.get("to", "")}
    offered = request.catalogue.offered
    return {
        "application": source,
        "target": target,
        "rows": form.rows(copying.differences(source, target, offered)),
        "left_out": copying.left_out(source.scope, offered, target.scope).names,
        "revokes_tokens": copying.revokes_tokens(source, target, offered),
        "shown": copying.state(source, target),
    }
