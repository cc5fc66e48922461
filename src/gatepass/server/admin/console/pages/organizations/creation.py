"""A new organization, with its first administrator: invited, or with an initial password."""

from starlette.responses import Response

from gatepass.server.admin.console.pages import passwords
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations import organizations
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.portal.forms.errors import errors_of
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_BY = ("invitation", "password")
_CHOOSE = Message("Choose how the first administrator gets access.")


def form(request: ConsoleRequest) -> Response:
    """Show the empty form."""
    by = _BY[0] if request.context.outbox.sends_mail else _BY[1]
    return page(request, "new_organization.html", **_context(request), values={"by": by}, errors={})


def create(request: ConsoleRequest) -> Response:
    """Create it; a form that is sent twice creates one."""
    typed = request.form
    try:
        made = request.perform(organizations.CREATE, **_arguments(request)).result
    except OAuthError as refusal:
        return rejected_form(
            request,
            "new_organization.html",
            refusal,
            **_context(request),
            values=request.portal.typed(),
            errors=_named(errors_of(refusal, "name"), typed.get("by", "")),
        )
    org_id = made["organization"]["id"]
    if made["initial_password"]:
        return passwords.keep(
            request, f"organizations/{org_id}/", made["username"], made["initial_password"]
        )
    flash = Message(
        "The organization is created, and {email} is invited by mail.", email=made["invited"]
    )
    return redirect(request, f"organizations/{org_id}/", flash)


def _arguments(request: ConsoleRequest) -> dict[str, object]:
    typed = request.form
    given: dict[str, object] = {"name": typed.get("name", "")}
    if typed.get("by") == "invitation":
        return given | {"invite": typed.get("invite", "")}
    if typed.get("by") == "password":
        return given | {"username": typed.get("username", ""), "email": typed.get("email") or None}
    raise InvalidField("by", _CHOOSE)


def _named(errors: dict[str, str], by: str) -> dict[str, str]:
    """Return errors by the fields of the form, where an operation has other names."""
    if by == "invitation" and "email" in errors:
        return {"invite": errors["email"]}
    return errors


def _context(request: ConsoleRequest) -> dict[str, object]:
    return {"sends_mail": request.context.outbox.sends_mail}
