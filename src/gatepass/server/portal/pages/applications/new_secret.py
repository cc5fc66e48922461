"""New credentials, which the page of the credentials shows once, and what makes them."""

from datetime import datetime, timedelta

from starlette.responses import Response

from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.operations import Registered
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.applications.secrets.end import SecretEndRefused
from gatepass.server.portal.forms import secret_end
from gatepass.server.portal.pages.applications import sub_pages
from gatepass.server.portal.pages.applications.sub_pages import CREDENTIALS
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.rendering import page, redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret

DONE_ALREADY = 409
_LONGEST_NUMBER = 9  # digits
_UNTIL_USED = "first-use"
_ROTATED, _LEAKED = "yes", "leaked"


def keep(
    request: PortalRequest, connection: Connection, made: Registered, rotated: str = ""
) -> None:
    """Keep a new secret for the page that shows it, in the transaction that makes it.

    `rotated` is empty for a registration.
    """
    what = {"secret": made.secret.value, "rotated": rotated}
    request.keep_once(connection, _about(made.application), what)


def show(request: PortalRequest) -> Response:
    """Show a new secret once to who has made it; otherwise what there is to see of the secrets."""
    application = sub_pages.find_application(request)
    if request.method == "HEAD":  # a HEAD request must not use up the secret
        return Response(media_type="text/html")
    kept = request.take_once(_about(application)) if _may_see(request, application) else None
    if kept is None:
        return CREDENTIALS.show(request)
    secret = Secret(kept["secret"])
    return page(
        request,
        "application/new_secret.html",
        application=application,
        client_id=application.client_id,
        client_secret=secret.value,
        token_url=request.environment.issuer + TOKEN,
        api_url=request.environment.partner_api,
        rotated=bool(kept["rotated"]),
        leaked=kept["rotated"] == _LEAKED,
        previous_secret=_previous(application, request.now),
        **snippets.snippets(request.environment, application, secret),
    )


def stored(request: PortalRequest) -> Response:
    """Redirect to the application, if the user confirmed that the secret is stored."""
    application = sub_pages.find_application(request)
    if not _may_see(request, application):
        raise NotFoundError(str(application.id))
    if request.form.get("stored") != "yes":
        raise OAuthError(
            "invalid_request",
            Message(
                "Tick that you have stored the client secret. If you have not, rotate it: "
                "it cannot be shown again."
            ),
        )
    return redirect(
        request, sub_pages.address(application.id), Message("The credentials are stored.")
    )


def rotate(request: PortalRequest) -> Response:
    """Create a new secret; the old one expires after the overlap. A repeated form creates one."""
    app_id, overlap = request.ids["app_id"], _overlap(request.form.get("overlap", ""))
    try:
        end = secret_end.chosen(request)
    except OAuthError as refusal:
        return sub_pages.rerender(request, refusal, "secret_end")
    has_leaked = overlap == timedelta(0)  # as the page explains beside this choice
    rotated = _LEAKED if has_leaked else _ROTATED
    try:
        secret_operations.rotate(
            request.context,
            request.actor,
            app_id,
            overlap,
            request.org_id,
            secret_end=end,
            has_leaked=has_leaked,
            secret_id=request.creation_id(),
            also=lambda connection, made: keep(request, connection, made, rotated),
        )
    except OAuthError as refusal:
        if refusal.status != DONE_ALREADY:
            field = "secret_end" if isinstance(refusal, SecretEndRefused) else "overlap"
            return sub_pages.rerender(request, refusal, field)
    return redirect(request, sub_pages.address(app_id, CREDENTIALS))


def replace_leaked(request: PortalRequest) -> Response:
    """Revoke a leaked secret and all tokens; show a new secret, if the leaked one was the newest.

    A repeated form does it once.
    """
    app_id, secret_id = request.ids["app_id"], request.ids["secret_id"]
    field = f"leaked_{secret_id}"
    try:
        made = secret_operations.replace_leaked(
            request.context,
            request.actor,
            app_id,
            secret_id,
            request.org_id,
            secret_end=secret_end.chosen(request),
            new_id=request.creation_id(),
            also=lambda connection, made: keep(request, connection, made, _LEAKED),
        )
    except OAuthError as refusal:
        if refusal.status != DONE_ALREADY:
            return sub_pages.rerender(request, refusal, field)
        made = None
    done = "" if made else Message("The leaked secret and all tokens are revoked.")
    return redirect(request, sub_pages.address(app_id, CREDENTIALS), done)


def revoke(request: PortalRequest) -> Response:
    """Revoke one of two live secrets."""
    return sub_pages.change(
        request,
        lambda app_id: secret_operations.revoke(
            request.context, request.actor, app_id, request.ids["secret_id"], request.org_id
        ),
        Message("The secret is revoked."),
    )


def set_end(request: PortalRequest) -> Response:
    """Set when a secret ends."""
    secret_id = request.ids["secret_id"]
    return sub_pages.change(
        request,
        lambda app_id: secret_operations.set_end(
            request.context,
            request.actor,
            app_id,
            secret_id,
            secret_end.chosen(request),
            request.org_id,
        ),
        Message("The end of the secret is changed."),
        f"end_{secret_id}",
    )


def _may_see(request: PortalRequest, application: Application) -> bool:
    """Return whether the user may see a new secret: staff, of what they registered themselves."""
    is_own = request.may_register and application.created_by == request.user.username
    return request.may_change or is_own


def _overlap(seconds: str) -> timedelta | None:
    if seconds == _UNTIL_USED:
        return None
    is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) <= _LONGEST_NUMBER
    # -1 is not offered and is refused by the operation.
    return timedelta(seconds=int(seconds) if is_number else -1)


def _previous(application: Application, now: datetime) -> ApplicationSecret | None:
    """Return the secret that is replaced, while it is live."""
    _, *previous = application.live_secrets(now) or [None]
    return previous[0] if previous else None


def _about(application: Application) -> str:
    return f"the credentials of {application.id}"
