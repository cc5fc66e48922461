"""Registering an application."""

from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import check_name, check_scope
from gatepass.server.domain.applications.operations import Registered
from gatepass.server.domain.applications.redirect_uris import check_redirect_uris
from gatepass.server.domain.names import look_alike
from gatepass.server.domain.sessions import step_up
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages import credentials
from gatepass.server.portal.pages.scopes import choices, chosen_of, needs_password
from gatepass.server.portal.rendering import page, redirect, refused
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_TEMPLATE = "application_register.html"
_PUBLIC = (
    "A public client cannot keep a secret, so it cannot use Client Credentials. "
    "If the program runs on a server of yours, choose Confidential."
)


def form(visit: PortalRequest) -> Response:
    """Show the empty form, with every scope ticked as by default."""
    chosen = visit.environment.catalogue.defaults
    return page(visit, _TEMPLATE, values={}, errors={}, **_scopes(visit, chosen))


def register(visit: PortalRequest) -> Steps[Response]:
    """Register; the secret waits in the session for the next page. Sent twice, it makes one."""
    errors = Errors()
    name = errors.check("name", lambda: check_name(visit.form.get("name", "")))
    errors.check("client_type", lambda: _check_client_type(visit.form.get("client_type")))
    errors.check("authorization_grant_type", lambda: _check_grant(visit))
    uris = errors.check(
        "redirect_uris", lambda: check_redirect_uris(visit.form.get("redirect_uris", ""))
    )
    allowed = visit.environment.catalogue.offered
    chosen = chosen_of(visit.form, allowed)
    scope = errors.check("scope", lambda: check_scope(chosen, allowed))
    if not visit.form.get("current_password"):
        errors.check("current_password", lambda: _ask_password(visit, chosen))
    app_id = visit.once()
    if name is not None and not visit.form.get("same_name"):
        errors.check("same_name", lambda: _check_new_name(visit, name, app_id))
    if name is None or uris is None or scope is None or errors:
        return _refused(visit, OAuthError("invalid_request", "See the fields."), errors, chosen)
    try:  # last of all, as each try at the password is counted
        yield from _check_password(visit, chosen)
    except OAuthError as refusal:
        errors |= errors_of(refusal, "current_password")
        return _refused(visit, refusal, errors, chosen)

    def keep(connection: Connection, made: Registered) -> None:
        credentials.keep(visit, connection, made)

    try:
        operations.register(
            visit.environment.context,
            visit.environment.catalogue,
            visit.actor,
            visit.org_id,
            name=name,
            scope=scope,
            allowed=allowed,
            redirect_uris=uris,
            app_id=app_id,
            also=keep,
        )
    except OAuthError as refusal:
        if refusal.status != credentials.DONE_ALREADY:
            raise
    return redirect(visit, f"/oauth2/applications/{app_id}/credentials/")


def again(visit: PortalRequest, refusal: OAuthError) -> Response:
    """Show the form with what was typed."""
    chosen = chosen_of(visit.form, visit.environment.catalogue.offered)
    return _refused(visit, refusal, Errors(errors_of(refusal)), chosen)


def _refused(visit: PortalRequest, refusal: OAuthError, errors: Errors, chosen: Scope) -> Response:
    values, scopes = visit.typed(), _scopes(visit, chosen)
    return refused(visit, _TEMPLATE, refusal, values=values, errors=errors, **scopes)


def _scopes(visit: PortalRequest, chosen: Scope) -> dict[str, object]:
    catalogue = visit.environment.catalogue
    return {
        "scopes": choices(catalogue, catalogue.offered, chosen),
        "needs_password": catalogue.password_scopes.names,
    }


def _check_password(visit: PortalRequest, chosen: Scope) -> Steps[None]:
    if needs_password(visit.environment.catalogue, chosen):
        password = visit.secret("current_password")
        yield from step_up.check_password(
            visit.environment.context,
            visit.environment.hasher,
            visit.me,
            visit.visitor.source,
            password,
        )


def _check_client_type(chosen: str | None) -> None:
    if chosen == "public":
        raise OAuthError("invalid_request", _PUBLIC)
    if chosen != "confidential":
        raise OAuthError("invalid_request", "Choose Confidential.")


def _ask_password(visit: PortalRequest, chosen: Scope) -> None:
    if needs_password(visit.environment.catalogue, chosen):
        raise OAuthError("invalid_request", "Enter your current password.")


def _check_new_name(visit: PortalRequest, name: str, app_id: UUID) -> None:
    """Raise OAuthError, which asks, where another application looks as if it had this name."""
    found = operations.of_organization(visit.environment.context, visit.org_id)
    if any(each.id == app_id for each in found):  # the same form, sent again
        return
    same = next((each for each in found if look_alike(each.name, name)), None)
    if same is not None:
        raise OAuthError(
            "invalid_request",
            f"There is an application of this name: its client id ends in {same.client_id[-4:]}. "
            "Choose another name, or tick to register a second one.",
        )


def _check_grant(visit: PortalRequest) -> None:
    if visit.form.get("authorization_grant_type") != "client-credentials":
        raise OAuthError(
            "invalid_request", "Choose Client Credentials; there is no other grant here."
        )
