"""The page of the user's second factors, and what is done with one of them."""

from starlette.responses import Response

from gatepass.server.domain.users.factors import operations
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def index(request: PortalRequest) -> Response:
    """Show the user's second factors."""
    operations.check_available(request.context)
    return page(request, "factors.html", **_context(request), errors={}, values={})


def rename(request: PortalRequest) -> Response:
    """Rename a factor."""
    factor_id = request.ids["factor_id"]
    try:
        operations.rename(
            request.context, request.actor, request.user, factor_id, request.form.get("name", "")
        )
    except OAuthError as refusal:
        errors = {f"name_{factor_id}": refusal.message}
        values = {f"name_{factor_id}": request.form.get("name", "")}
        return rejected_form(
            request, "factors.html", refusal, **_context(request), errors=errors, values=values
        )
    return redirect(request, redirects.FACTORS, Message("The factor is renamed."))


def remove(request: PortalRequest) -> Response:
    """Remove a factor."""
    try:
        name = operations.remove(
            request.context, request.actor, request.current_login, request.ids["factor_id"]
        )
    except OAuthError as refusal:
        return rejected_form(
            request,
            "factors.html",
            refusal,
            **_context(request),
            errors=errors_of(refusal),
            values={},
        )
    return redirect(
        request,
        redirects.FACTORS,
        Message("{name} is removed, and your other sessions have ended.", name=name),
    )


def _context(request: PortalRequest) -> dict[str, object]:
    found = operations.of_user(request.context, request.user)
    return {
        "factors": found,
        "labels": {
            f"name_{each}": Message("New name of {name}", name=name)
            for each, name in found.names.items()
        },
        "party": request.environment.relying_party,
        "is_required": operations.is_required(request.context, request.user),
        "lacks_factor": request.current_login.lacks_factor,
    }
