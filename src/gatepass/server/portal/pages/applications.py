"""The applications: the list, one of them, and what is changed on it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.applications import fields, operations
from gatepass.server.domain.applications.model import (
    MOST_LIVE_SECRETS,
    Application,
    ApplicationSecret,
)
from gatepass.server.domain.names import are_same
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages import usage
from gatepass.server.portal.pages.scopes import choices, chosen_of
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.presentation.durations import ago
from gatepass.server.portal.rendering import page, redirect, refused
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.credential import Kind
from gatepass.wire.errors import OAuthError

_GRANTS = {"client_credentials": "Client Credentials"}
_SHORTEST_QUIET = timedelta(hours=24)


def all_of_them(visit: PortalRequest) -> Response:
    """Show the organization's applications."""
    found = operations.of_organization(visit.environment.context, visit.org_id)
    shown = [_shown(visit, each) for each in found]
    return page(visit, "applications.html", applications=shown, may_change=visit.may_change)


def one(visit: PortalRequest) -> Response:
    """Show one application."""
    return page(visit, "application.html", **_whole(visit, owned(visit)), errors={}, values={})


def end_secret(visit: PortalRequest) -> Response:
    """End one of two live secrets now."""
    return change(
        visit,
        "",
        lambda app_id: operations.revoke_secret(
            visit.environment.context, visit.actor, app_id, visit.ids["secret_id"], visit.org_id
        ),
        "The secret is revoked.",
    )


def void_tokens(visit: PortalRequest) -> Response:
    """Make every token it holds invalid."""
    return change(
        visit,
        "",
        lambda app_id: operations.revoke_tokens(
            visit.environment.context, visit.actor, app_id, visit.org_id
        ),
        "All tokens issued until now are revoked.",
    )


def enable(visit: PortalRequest) -> Response:
    """Let it work again."""
    return _set_enabled(
        visit, "The application is enabled. Tokens issued before stay revoked.", enabled=True
    )


def disable(visit: PortalRequest) -> Response:
    """Stop it, until it is enabled again."""
    return _set_enabled(
        visit, "The application is disabled. Its tokens are revoked.", enabled=False
    )


def delete(visit: PortalRequest) -> Response:
    """Delete it, if its name was typed."""
    application = owned(visit)
    if not are_same(visit.form.get("confirm", ""), application.name):
        refusal = OAuthError("invalid_request", "This is not the application's name.")
        return again(visit, refusal, "confirm")
    operations.delete(visit.environment.context, visit.actor, application.id, visit.org_id)
    return redirect(visit, redirects.APPLICATIONS, f"{application.name} is deleted.")


def owned(visit: PortalRequest) -> Application:
    """Give the application of the path; raise NotFoundError where it is not the organization's."""
    return operations.find(visit.environment.context, visit.ids["app_id"], visit.org_id)


def address(app_id: UUID) -> str:
    """Give the page of an application."""
    return f"{redirects.APPLICATIONS}{app_id}/"


def again(visit: PortalRequest, refusal: OAuthError, field: str) -> Response:
    """Show the application with what is wrong beside the field, and what was typed."""
    whole = _whole(visit, owned(visit))
    if visit.path.endswith("/scope/"):
        offered = visit.environment.catalogue.offered
        whole["scopes"] = choices(
            visit.environment.catalogue, offered, chosen_of(visit.form, offered)
        )
    errors = errors_of(refusal, field)
    return refused(visit, "application.html", refusal, **whole, errors=errors, values=visit.typed())


def change(visit: PortalRequest, field: str, how: Callable[[UUID], None], done: str) -> Response:
    """Change it and go back to its page; where that is refused, say why beside the field."""
    app_id = visit.ids["app_id"]
    try:
        how(app_id)
    except OAuthError as refusal:
        return again(visit, refusal, field)
    return redirect(visit, address(app_id), done)


def _set_enabled(visit: PortalRequest, done: str, *, enabled: bool) -> Response:
    return change(
        visit,
        "",
        lambda app_id: operations.set_enabled(
            visit.environment.context, visit.actor, app_id, enabled=enabled, org_id=visit.org_id
        ),
        done,
    )


def _whole(visit: PortalRequest, application: Application) -> dict[str, object]:
    live = application.live_secrets(visit.now)
    catalogue = visit.environment.catalogue
    offered, secured = catalogue.offered, catalogue.password_scopes
    return {
        "application": _shown(visit, application),
        **settings_of(application),
        "scopes": choices(catalogue, offered, application.scope),
        "needs_password": secured.without(application.scope).names,
        "has_password_scope": any(name in application.scope for name in secured.names),
        "granted_scopes": choices(catalogue, application.scope.without(offered), offered),
        "secrets": [_secret(visit, application, each, live) for each in live],
        "may_change": visit.may_change,
        "may_rotate": len(live) < MOST_LIVE_SECRETS,
        **usage.whole(visit, application),
        **snippets.snippets(visit.environment, application),
    }


def settings_of(application: Application) -> dict[str, object]:
    """Return the fields of an application and their values, as its page shows them."""
    return {
        "groups": [group for group in fields.GROUPS if "person" in group.changed_by],
        "facts": [field for group in fields.GROUPS for field in group.fields if field.is_fact],
        "labels": {field.name: field.label for group in fields.GROUPS for field in group.fields},
        "stored": fields.texts(application),
    }


def _shown(visit: PortalRequest, application: Application) -> SimpleNamespace:
    return SimpleNamespace(
        id=application.id,
        name=application.name,
        client_id=application.client_id,
        client_type=application.client_type.capitalize(),
        grant_type=_GRANTS.get(application.grant_type, application.grant_type),
        redirect_uris=application.redirect_uris,
        scope=[
            SimpleNamespace(name=name, words=visit.environment.catalogue.words(name))
            for name in application.scope.names
        ],
        created_at=application.created_at,
        created_by=application.created_by,
        last_used_at=application.last_used_at,
        last_used_from=application.last_used_from,
        state=application.state,
    )


def _secret(
    visit: PortalRequest,
    application: Application,
    secret: ApplicationSecret,
    live: tuple[ApplicationSecret, ...],
) -> SimpleNamespace:
    successor = next((each for each in live if each.id == secret.ends_on_use_of), None)
    quiet = max(_SHORTEST_QUIET, timedelta(seconds=application.token_lifetime))
    return SimpleNamespace(
        id=secret.id,
        prefix="imported "
        if application.is_imported_secret(secret)
        else f"{Kind.CLIENT_SECRET}_{visit.environment.mode}_",
        last_four=secret.last_four,
        created_at=secret.created_at,
        expires_at=secret.expires_at,
        last_used_at=secret.last_used_at,
        last_used_from=secret.last_used_from,
        last_used_agent=secret.last_used_agent,
        ends_with=successor.last_four if successor else "",
        state="ending" if secret.expires_at or successor else "live",
        is_only_live=len(live) == 1,
        safe_to_end=safe_to_end(secret, live[0], quiet, visit.now),
    )


def safe_to_end(
    old: ApplicationSecret, new: ApplicationSecret, quiet: timedelta, now: datetime
) -> str:
    """Say that nothing needs the old secret, where that is so.

    A program asks for a token at least once in a token's lifetime. So when the new secret is
    in use and the old one was not for that long (`quiet`), every program has changed over.
    """
    if old.id == new.id or new.last_used_at is None:
        return ""
    if old.last_used_at is None:
        return "Safe to revoke: the new secret is in use, and this one never was."
    if now - old.last_used_at < quiet:
        return ""
    last = ago(old.last_used_at, now)
    return f"Safe to revoke: the new secret is in use, and this one was last used {last}."
