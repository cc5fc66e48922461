"""The settings of an application: each a form of its own on the application's page."""

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import MINT_MODES
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.sessions import step_up
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.portal.pages.applications import again, change
from gatepass.server.portal.pages.scopes import chosen_of, needs_password
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_LONGEST_NUMBER = 9  # digits


def rename(visit: PortalRequest) -> Response:
    """Give it another name."""
    name = visit.form.get("name", "")
    return change(
        visit,
        "name",
        lambda app_id: operations.rename(
            visit.environment.context, visit.actor, app_id, name, visit.org_id
        ),
        "The application has a new name.",
    )


def set_lifetime(visit: PortalRequest) -> Response:
    """Set how long its next tokens live."""
    return change(
        visit,
        "token_lifetime",
        lambda app_id: operations.set_lifetime(
            visit.environment.context,
            visit.actor,
            app_id,
            _number(visit.form.get("token_lifetime", ""), "36000"),
            visit.org_id,
        ),
        "The token lifetime is changed. It holds for new tokens.",
    )


def set_minting(visit: PortalRequest) -> Response:
    """Set how many tokens an hour it may have."""
    mode, limit = visit.form.get("mint_mode", ""), visit.form.get("mint_limit", "").strip()
    return change(
        visit,
        "mint_limit" if mode in MINT_MODES else "mint_mode",
        lambda app_id: operations.set_minting(
            visit.environment.context,
            visit.actor,
            app_id,
            mode,
            _number(limit, "100") if limit else None,
            visit.org_id,
        ),
        "The limit is changed.",
    )


def set_scope(visit: PortalRequest) -> Steps[Response]:
    """Set what its next tokens may allow, of the scopes that a partner may choose."""
    chosen = chosen_of(visit.form, visit.environment.catalogue.offered)
    try:
        is_granted = yield from _check_password(visit, chosen)
    except OAuthError as refusal:
        return again(visit, refusal, "scope")
    return change(
        visit,
        "scope",
        lambda app_id: operations.choose_scope(
            visit.environment.context,
            visit.environment.catalogue,
            visit.actor,
            app_id,
            chosen,
            visit.org_id,
            knows_password=is_granted,
        ),
        "The scope is changed. It holds for new tokens.",
    )


def _check_password(visit: PortalRequest, chosen: Scope) -> Steps[bool]:
    """Ask for the password where a scope is granted that needs it; return whether that was so."""
    has = operations.find(visit.environment.context, visit.ids["app_id"], visit.org_id).scope
    is_granted = needs_password(visit.environment.catalogue, chosen.without(has))
    if is_granted:
        password = visit.secret("current_password")
        yield from step_up.check_password(
            visit.environment.context,
            visit.environment.hasher,
            visit.me,
            visit.visitor.source,
            password,
        )
    return is_granted


def set_networks(visit: PortalRequest) -> Response:
    """Set where its requests may come from; from anywhere where nothing is named."""
    text = visit.form.get("networks", "")
    return change(
        visit,
        "networks",
        lambda app_id: operations.set_networks(
            visit.environment.context, visit.actor, app_id, check_networks(text), visit.org_id
        ),
        "The allowed source networks are changed.",
    )


def set_contact(visit: PortalRequest) -> Response:
    """Set whom to tell of trouble."""
    contact = visit.form.get("contact", "")
    return change(
        visit,
        "contact",
        lambda app_id: operations.set_contact(
            visit.environment.context, visit.actor, app_id, contact, visit.org_id
        ),
        "The contact is changed.",
    )


def _number(text: str, example: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST_NUMBER:
        raise OAuthError("invalid_request", f"Give a whole number, as {example}.")
    return int(text)
