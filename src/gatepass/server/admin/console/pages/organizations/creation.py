"""A new organization, with its first administrator: invited, or with an initial password."""

from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations import organizations
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.redirects import LOGIN
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
        keep_password(request, UUID(org_id), made["username"], made["initial_password"])
        return redirect(request, f"organizations/{org_id}/initial-password/")
    flash = Message(
        "The organization is created, and {email} is invited by mail.", email=made["invited"]
    )
    return redirect(request, f"organizations/{org_id}/", flash)


def initial_password(request: ConsoleRequest) -> Response:
    """Show an initial password once; afterwards redirect to the organization."""
    org_id = request.id("org_id")
    if request.portal.method == "HEAD":  # a HEAD request must not use up the password
        return Response(media_type="text/html")
    kept = request.portal.take_once(_about(request, org_id))
    if kept is None:
        shown_already = Message("The initial password was shown already.")
        return redirect(request, f"organizations/{org_id}/", shown_already)
    return page(
        request,
        "initial_password.html",
        username=kept["username"],
        initial_password=kept["password"],
        login_url=request.environment.issuer + LOGIN,
        back_url=f"{request.base}organizations/{org_id}/",
    )


def keep_password(request: ConsoleRequest, org_id: UUID, username: str, password: str) -> None:
    """Keep an initial password for the page that shows it once.

    It is kept in the operator's session, which is in production's database.
    """
    kept = {"username": username, "password": password}
    with request.portal.context.database.write() as connection:
        request.portal.keep_once(connection, _about(request, org_id), kept)


def _about(request: ConsoleRequest, org_id: UUID) -> str:
    return f"an initial password in {org_id} of {request.environment.name}"


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
