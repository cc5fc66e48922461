"""The forms of an application's keys: add, make, revoke, and how they are used."""

from datetime import datetime
from uuid import UUID

from starlette.responses import Response

from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.keys.model import (
    LONGEST_NAME,
    KeySetting,
    check_end,
    check_keys,
    check_name,
)
from gatepass.server.domain.applications.keys.operations import GeneratedKey
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.end import ON_DATE, chosen_end
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.application_keys.content import (
    LABELS,
    context,
    of_each,
    where,
)
from gatepass.server.portal.pages.application_keys.registration import about
from gatepass.server.portal.pages.application_keys.registration import kept as kept_of
from gatepass.server.portal.pages.applications import sub_pages
from gatepass.server.portal.pages.applications.sub_pages import KEYS
from gatepass.server.portal.presentation.key_snippets import key_snippets
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

DONE_ALREADY = 409


def add(request: PortalRequest) -> Response:
    """Add a public key, or several, that were pasted."""
    form = request.form
    name, text = form.get("key_name", ""), form.get("key", "")
    try:
        check_keys(text.encode())  # first of all: a private key is not shown again
    except OAuthError as refusal:
        return rerender(request, refusal, "key")
    try:
        end = _end(request, "key_end")
    except OAuthError as refusal:
        return rerender(request, refusal, "key_end")
    try:
        operations.add(
            request.context,
            request.actor,
            request.ids["app_id"],
            request.org_id,
            name=name,
            text=text.encode(),
            expires_at=end,
        )
    except OAuthError as refusal:
        is_name = not name.strip() or len(name) > LONGEST_NAME
        return rerender(request, refusal, "key_name" if is_name else "key")
    return redirect(request, _address(request), Message("The key is added."))


def generate(request: PortalRequest) -> Response:
    """Make a pair of keys; the next page shows the private one once. A repeated form makes one."""
    alg = request.form.get("alg", "")
    app_id = request.ids["app_id"]

    def keep(connection: Connection, made: GeneratedKey) -> None:
        request.keep_once(connection, about(made.application_id), kept_of(made))

    if alg not in OF_CLIENTS:
        unknown = OAuthError("invalid_request", Message("Choose one of the algorithms."))
        return rerender(request, unknown, "alg")
    try:
        end = _end(request, "new_key_end")
    except OAuthError as refusal:
        return rerender(request, refusal, "new_key_end")
    try:
        operations.generate(
            request.context,
            request.actor,
            app_id,
            request.org_id,
            name=request.form.get("new_key_name", ""),
            alg=alg,
            expires_at=end,
            key_id=request.creation_id(),
            also=keep,
        )
    except OAuthError as refusal:
        if refusal.status != DONE_ALREADY:
            return rerender(request, refusal, "new_key_name")
    return redirect(request, _address(request))


def show(request: PortalRequest) -> Response:
    """Show a new private key once to who has made it; otherwise the keys."""
    application = sub_pages.find_application(request)
    if request.method == "HEAD":  # a HEAD request must not use up the key
        return Response(media_type="text/html")
    kept = request.take_once(about(application.id)) if _may_see(request, application) else None
    if kept is None:
        return KEYS.show(request)
    private = PrivateKey.from_pem(kept["pem"].encode(), kept["alg"], kept["kid"])
    return page(
        request,
        "application/new_key.html",
        application=application,
        here=sub_pages.address(application.id, KEYS),
        kid=private.kid,
        alg=private.alg,
        pem=kept["pem"],
        **key_snippets(request.environment, application, private.kid, private.alg),
        jwk=_as_text(private.private_jwk()),
        **where(request),
    )


def change(request: PortalRequest) -> Response:
    """Set the name of a key, and its last day."""
    key_id = request.ids["key_id"]
    try:
        check_name(request.form.get(f"name_{key_id}", ""))
    except OAuthError as refusal:
        return rerender(request, refusal, f"name_{key_id}")
    try:
        operations.change(
            request.context,
            request.actor,
            request.ids["app_id"],
            key_id,
            request.org_id,
            name=request.form.get(f"name_{key_id}", ""),
            expires_at=_end(request, f"end_{key_id}"),
        )
    except OAuthError as refusal:
        return rerender(request, refusal, f"end_{key_id}")
    return redirect(request, _address(request), Message("The key is changed."))


def revoke(request: PortalRequest) -> Response:
    """Revoke a key."""
    operations.revoke(
        request.context,
        request.actor,
        request.ids["app_id"],
        request.ids["key_id"],
        request.org_id,
    )
    return redirect(request, _address(request), Message("The key is revoked."))


def revoke_secrets(request: PortalRequest) -> Response:
    """Revoke all secrets of an application, if none was used for 14 days and a key is in use."""
    return sub_pages.change(
        request,
        lambda app_id: _revoke_secrets(request, app_id),
        Message("The secrets are revoked. The application authenticates with keys alone."),
        "revoke-secrets",
    )


def change_setting(request: PortalRequest) -> Response:
    """Set where keys are published, and whether older audiences are accepted."""
    new = KeySetting(request.form.get("jwks_uri", ""), request.form.get("legacy_audience") == "yes")
    try:
        operations.change_setting(
            request.context, request.actor, request.ids["app_id"], request.org_id, new
        )
    except OAuthError as refusal:
        return rerender(request, refusal, "jwks_uri")
    return redirect(request, _address(request), Message("The settings are saved."))


def _revoke_secrets(request: PortalRequest, app_id: UUID) -> None:
    methods.revoke_secrets(request.context, request.actor, app_id, request.org_id)


def rerender(request: PortalRequest, refusal: OAuthError, field: str = "") -> Response:
    """Show the page with the error, and what was typed."""
    application = sub_pages.find_application(request)
    labels = of_each(operations.of_application(request.context, application)[0])
    return rejected_form(
        request,
        KEYS.template,
        refusal,
        **sub_pages.navigation(request, application, KEYS),
        **context(request, application),
        labels=LABELS | labels,
        errors=errors_of(refusal, field),
        values=request.typed(),
    )


def _end(request: PortalRequest, field: str) -> datetime | None:
    """Return when a key ends, after its last day; None where none is given. Raises OAuthError."""
    text = request.form.get(field, "").strip()
    end = chosen_end(ON_DATE, text, request.now) if text else None
    check_end(end, request.now)
    return end


def _address(request: PortalRequest) -> str:
    return sub_pages.address(request.ids["app_id"], KEYS)


def _may_see(request: PortalRequest, application: Application) -> bool:
    """Return whether the user may see a new key: staff, of what they registered themselves."""
    is_own = request.may_register and application.created_by == request.user.username
    return request.may_change or is_own


def _as_text(jwk: dict[str, str]) -> str:
    lines = ",\n".join(f'  "{name}": "{value}"' for name, value in jwk.items())
    return f"{{\n{lines}\n}}"
