"""The list of applications, one application, and its changes without fields."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.applications import fields, operations
from gatepass.server.domain.applications.listing.model import PAGE, ListPage
from gatepass.server.domain.applications.model import (
    MOST_LIVE_SECRETS,
    Application,
    ApplicationSecret,
)
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.applications.secrets.expiry_notices.model import (
    DAYS,
    days_left,
    in_words,
)
from gatepass.server.domain.applications.secrets.leaks import operations as leaks
from gatepass.server.domain.applications.secrets.leaks.model import REPORTERS, LeakedSecret
from gatepass.server.domain.names import are_same
from gatepass.server.portal import redirects
from gatepass.server.portal.forms import list_filter, secret_end
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.forms.list_filter import ChosenList
from gatepass.server.portal.pages import usage
from gatepass.server.portal.pages.scopes import choices, chosen_of
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.presentation.durations import ago
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.credential import Kind
from gatepass.wire.errors import OAuthError

_FEW = 5  # applications, which nobody has to search
_GRANTS = {"client_credentials": "Client Credentials"}
_SHORTEST_QUIET = timedelta(hours=24)


def index(request: PortalRequest) -> Response:
    """Show the organization's applications, those that the query asks for."""
    chosen = list_filter.parse(request.query)
    found = operations.list_page(request.context, request.org_id, chosen.wanted)
    return page(
        request,
        "applications.html",
        may_register=request.may_register,
        **list_context(chosen, found),
    )


def list_context(chosen: ChosenList, found: ListPage) -> dict[str, object]:
    """Return what the list shows."""
    first = (found.number - 1) * PAGE + 1
    return {
        "applications": found.applications,
        "total": found.total,
        "first": first,
        "last": first + len(found.applications) - 1,
        "previous": chosen.query(found.number - 1) if found.number > 1 else "",
        "next": chosen.query(found.number + 1) if found.number < found.last else "",
        "has_search": chosen.is_filtered or found.total > _FEW,
        "is_filtered": chosen.is_filtered,
        "values": chosen.values,
        "states": list_filter.STATES,
        "orders": list_filter.ORDERS,
    }


def one(request: PortalRequest) -> Response:
    """Show one application."""
    return page(
        request,
        "application.html",
        **_page_context(request, find_application(request)),
        errors={},
        values={},
    )


def revoke_secret(request: PortalRequest) -> Response:
    """Revoke one of two live secrets."""
    return change(
        request,
        lambda app_id: secret_operations.revoke(
            request.context, request.actor, app_id, request.ids["secret_id"], request.org_id
        ),
        "The secret is revoked.",
    )


def revoke_tokens(request: PortalRequest) -> Response:
    """Revoke all tokens of an application."""
    return change(
        request,
        lambda app_id: operations.revoke_tokens(
            request.context, request.actor, app_id, request.org_id
        ),
        "All tokens issued until now are revoked.",
    )


def enable(request: PortalRequest) -> Response:
    """Enable an application."""
    return _set_enabled(
        request, "The application is enabled. Tokens issued before stay revoked.", enabled=True
    )


def disable(request: PortalRequest) -> Response:
    """Disable an application."""
    return _set_enabled(
        request, "The application is disabled. Its tokens are revoked.", enabled=False
    )


def delete(request: PortalRequest) -> Response:
    """Delete an application, if its name was typed."""
    application = find_application(request)
    if not are_same(request.form.get("confirm", ""), application.name):
        refusal = OAuthError("invalid_request", "This is not the application's name.")
        return rerender(request, refusal, "confirm")
    operations.delete(request.context, request.actor, application.id, request.org_id)
    return redirect(request, redirects.APPLICATIONS, f"{application.name} is deleted.")


def find_application(request: PortalRequest) -> Application:
    """Return the application of the path; raise NotFoundError if it is not the organization's."""
    return operations.find(request.context, request.ids["app_id"], request.org_id)


def address(app_id: UUID) -> str:
    """Return the path of an application's page."""
    return f"{redirects.APPLICATIONS}{app_id}/"


def rerender(request: PortalRequest, refusal: OAuthError, field: str) -> Response:
    """Show the application with the error beside the field, and the typed values."""
    context = _page_context(request, find_application(request))
    if request.path.endswith("/scope/"):
        offered = request.catalogue.offered
        context["scopes"] = choices(request.catalogue, offered, chosen_of(request.form, offered))
    errors = errors_of(refusal, field)
    return rejected_form(
        request, "application.html", refusal, **context, errors=errors, values=request.typed()
    )


def change(
    request: PortalRequest, how: Callable[[UUID], None], done: str, field: str = ""
) -> Response:
    """Change the application and redirect to its page; show an error beside the field."""
    app_id = request.ids["app_id"]
    try:
        how(app_id)
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, address(app_id), done)


def _set_enabled(request: PortalRequest, done: str, *, enabled: bool) -> Response:
    return change(
        request,
        lambda app_id: operations.set_enabled(
            request.context, request.actor, app_id, enabled=enabled, org_id=request.org_id
        ),
        done,
    )


def _page_context(request: PortalRequest, application: Application) -> dict[str, object]:
    live = application.live_secrets(request.now)
    leaked = leaks.leaked_of(request.context, application.id)
    catalogue = request.catalogue
    offered, secured = catalogue.offered, catalogue.password_scopes
    return {
        "application": application,
        "grant_type": _GRANTS.get(application.grant_type, application.grant_type),
        "words_of": catalogue.words,
        **settings_of(application),
        "scopes": choices(catalogue, offered, application.scope),
        "has_password_scope": any(name in application.scope for name in secured.names),
        "granted_scopes": choices(catalogue, application.scope.without(offered), offered),
        "secrets": [
            _secret(request, application, each, live, leaked.get(each.id)) for each in live
        ],
        "ended_leaks": [each for each in leaked.values() if not _is_among(each.secret_id, live)],
        "end_labels": {f"end_{each.id}": "End of the secret" for each in live},
        "may_change": request.may_change,
        "may_rotate": len(live) < MOST_LIVE_SECRETS,
        **(secret_end.choices(request) if request.may_change else {}),
        **usage.page_context(request, application),
        **snippets.snippets(request.environment, application),
    }


def settings_of(application: Application) -> dict[str, object]:
    """Return the fields of an application and their values, as its page shows them."""
    return {
        "groups": [group for group in fields.GROUPS if "person" in group.changed_by],
        "facts": [field for group in fields.GROUPS for field in group.fields if field.is_fact],
        "labels": {field.name: field.label for group in fields.GROUPS for field in group.fields},
        "stored": fields.texts(application),
    }


def _secret(
    request: PortalRequest,
    application: Application,
    secret: ApplicationSecret,
    live: tuple[ApplicationSecret, ...],
    leak: LeakedSecret | None,
) -> SimpleNamespace:
    successor = next((each for each in live if each.id == secret.ends_on_use_of), None)
    quiet = max(_SHORTEST_QUIET, timedelta(seconds=application.token_lifetime))
    return SimpleNamespace(
        id=secret.id,
        prefix="imported "
        if application.is_imported_secret(secret)
        else f"{Kind.CLIENT_SECRET}_{request.environment.mode}_",
        last_four=secret.last_four,
        created_at=secret.created_at,
        expires_at=secret.expires_at,
        last_used_at=secret.last_used_at,
        last_used_from=secret.last_used_from,
        last_used_agent=secret.last_used_agent,
        ends_with=successor.last_four if successor else "",
        state="ending" if leak or successor or _is_ending(secret, live[0], request.now) else "live",
        reminder="" if leak else reminder(secret, live[0], request.now),
        leak=leak,
        reporter=REPORTERS[leak.channel] if leak else "",
        is_only_live=len(live) == 1,
        safe_to_end=safe_to_end(secret, live[0], quiet, request.now),
    )


def _is_among(secret_id: UUID, secrets: tuple[ApplicationSecret, ...]) -> bool:
    return any(each.id == secret_id for each in secrets)


def _is_ending(secret: ApplicationSecret, newest: ApplicationSecret, now: datetime) -> bool:
    """Return whether a secret was replaced and ends, or ends soon without having been replaced."""
    is_replaced = secret.id != newest.id and secret.expires_at is not None
    return is_replaced or bool(reminder(secret, newest, now))


def reminder(secret: ApplicationSecret, newest: ApplicationSecret, now: datetime) -> str:
    """Return a sentence where an application's newest secret expires within 90 days, else ""."""
    if secret.id != newest.id or secret.expires_at is None:
        return ""
    left = days_left(secret.expires_at, now)
    if left > DAYS[-1]:
        return ""
    return f"It {in_words(left)}. Rotate it, and deploy the new secret before that."


def safe_to_end(
    old: ApplicationSecret, new: ApplicationSecret, quiet: timedelta, now: datetime
) -> str:
    """Return a sentence if no program needs the old secret, else an empty string.

    A program requests a token at least once in a token's lifetime. If the new secret is in use
    and the old one was not used for that long (`quiet`), every program has the new secret.
    """
    if old.id == new.id or new.last_used_at is None:
        return ""
    if old.last_used_at is None:
        return "Safe to revoke: the new secret is in use, and this one never was."
    if now - old.last_used_at < quiet:
        return ""
    last = ago(old.last_used_at, now)
    return f"Safe to revoke: the new secret is in use, and this one was last used {last}."
