"""Registration of an application."""

from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.keys.registration import register_without_secret
from gatepass.server.domain.applications.model import (
    check_name,
    check_redirect_uris,
    check_scope,
)
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.server.domain.context import Context
from gatepass.server.domain.names import look_alike
from gatepass.server.portal.forms import secret_end
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.application_keys import registration as first_method
from gatepass.server.portal.pages.applications import new_secret
from gatepass.server.portal.pages.applications.scopes import choices, chosen_of
from gatepass.server.portal.pages.applications.sub_pages import (
    CERTIFICATES,
    CREDENTIALS,
    KEYS,
    address,
)
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_TEMPLATE = "application/register.html"
_PUBLIC = Message(
    "A public client cannot keep a secret, so it cannot use Client Credentials. "
    "If the program runs on a server of yours, choose Confidential."
)
SHOWN_NEXT = {
    first_method.SECRET: CREDENTIALS,
    first_method.CERTIFICATE: CERTIFICATES,
    first_method.KEY: KEYS,
    first_method.PAIR: KEYS,
    first_method.PUBLISHED: KEYS,
}
"""The page that shows what a new application authenticates with."""
_GRANT = Message("Choose Client Credentials; there is no other grant here.")


class _Terms(NamedTuple):
    """What a form says of a new application, besides its credentials."""

    name: str
    scope: Scope
    allowed: Scope
    redirect_uris: tuple[str, ...]
    app_id: UUID


def form(request: PortalRequest) -> Response:
    """Show the empty form with the default scopes checked."""
    chosen = request.catalogue.defaults
    return page(request, _TEMPLATE, values={}, errors={}, **_scopes(request, chosen))


def register(request: PortalRequest) -> Response:
    """Register an application; the next page shows its secret or a key that is made for it.

    A repeated form registers one.
    """
    errors = Errors()
    name = errors.check("name", lambda: check_name(request.form.get("name", "")))
    errors.check("client_type", lambda: _check_client_type(request.form.get("client_type")))
    if request.form.get("authorization_grant_type") != "client-credentials":
        errors["authorization_grant_type"] = _GRANT
    uris = errors.check(
        "redirect_uris", lambda: check_redirect_uris(request.form.get("redirect_uris", ""))
    )
    allowed = _offered(request)
    chosen = chosen_of(request.form, allowed)
    scope = errors.check("scope", lambda: check_scope(chosen, allowed))
    method = first_method.check(request, errors)
    app_id = request.creation_id()
    if name is not None and not request.form.get("same_name"):
        errors.check("same_name", lambda: check_new_name(request, name, app_id))
    if name is None or uris is None or scope is None or method is None or errors:
        return _refused(
            request, OAuthError("invalid_request", Message("See the fields.")), errors, chosen
        )
    terms = _Terms(name, scope, allowed, uris, app_id)
    try:
        if method == first_method.SECRET:
            _with_secret(request, terms)
        else:
            give = first_method.chosen(request, method)
            register_without_secret(*_who(request), give=give, **terms._asdict())
    except OAuthError as refusal:
        if refusal.status != new_secret.DONE_ALREADY:
            raise
    return redirect(request, address(app_id, SHOWN_NEXT[method]))


def _with_secret(request: PortalRequest, terms: _Terms) -> None:
    operations.register(
        *_who(request),
        **terms._asdict(),
        secret_end=secret_end.chosen(request),
        also=lambda *made: new_secret.keep(request, *made),
    )


def _who(request: PortalRequest) -> tuple[Context, Catalogue, Actor, UUID]:
    return request.context, request.catalogue, request.actor, request.org_id


def rerender(request: PortalRequest, refusal: OAuthError) -> Response:
    """Show the form with the error and the typed values."""
    chosen = chosen_of(request.form, _offered(request))
    return _refused(request, refusal, Errors(errors_of(refusal)), chosen)


def _refused(
    request: PortalRequest, refusal: OAuthError, errors: Errors, chosen: Scope
) -> Response:
    scopes = _scopes(request, chosen)
    values = first_method.without_private(request.typed(), errors)
    return rejected_form(request, _TEMPLATE, refusal, values=values, errors=errors, **scopes)


def _scopes(request: PortalRequest, chosen: Scope) -> dict[str, object]:
    return {
        **first_method.choices(request),
        "scopes": choices(request.catalogue, _offered(request), chosen),
    }


def _offered(request: PortalRequest) -> Scope:
    """Return the scopes to choose from.

    Only administrators grant those that change users of the portal: with them staff could make
    themselves administrators.
    """
    offered = request.catalogue.offered
    return offered if request.may_change else offered.without(request.catalogue.password_scopes)


def _check_client_type(chosen: str | None) -> None:
    if chosen == "public":
        raise OAuthError("invalid_request", _PUBLIC)
    if chosen != "confidential":
        raise OAuthError("invalid_request", Message("Choose Confidential."))


def check_new_name(request: PortalRequest, name: str, app_id: UUID) -> None:
    """Raise OAuthError, which asks for confirmation, if another application has a similar name."""
    found = operations.names(request.context, request.org_id)
    if any(known_id == app_id for known_id, *_ in found):  # the same form, repeated
        return
    same = next((client_id for _, known, client_id in found if look_alike(known, name)), None)
    if same is not None:
        raise OAuthError(
            "invalid_request",
            Message(
                "There is an application of this name: its client id ends in {last_four}. "
                "Choose another name, or tick to register a second one.",
                last_four=same[-4:],
            ),
        )
