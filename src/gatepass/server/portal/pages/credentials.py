"""New credentials: shown once, after registering and after rotating."""

from datetime import datetime, timedelta

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.operations import Registered
from gatepass.server.domain.sessions import one_time_secret
from gatepass.server.portal.pages import applications
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.rendering import page, redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret

DONE_ALREADY = 409
_LONGEST_NUMBER = 9  # digits
_UNTIL_USED = "first-use"
_ROTATED, _LEAKED = "yes", "leaked"


def keep(visit: PortalRequest, connection: Connection, made: Registered, rotated: str = "") -> None:
    """Keep a new secret for the page that shows it, in the transaction that makes it.

    `rotated` is empty for a registration.
    """
    what = {"secret": made.secret.value, "rotated": rotated}
    about = _about(made.application)
    one_time_secret.keep(connection, visit.me.session_id, about, what, visit.environment.now())


def show(visit: PortalRequest) -> Response:
    """Show the credentials, one time; afterwards only that they were shown."""
    application = applications.owned(visit)
    if visit.method == "HEAD":  # whoever asks for no page must not use up its secret
        return Response(media_type="text/html")
    kept = one_time_secret.take(visit.environment.context, visit.me.session_id, _about(application))
    if kept is None:
        return page(visit, "application_credentials_gone.html", application=application)
    secret = Secret(kept["secret"])
    return page(
        visit,
        "application_credentials.html",
        application=application,
        client_id=application.client_id,
        client_secret=secret.value,
        token_url=visit.environment.issuer + TOKEN,
        api_url=visit.environment.partner_api,
        rotated=bool(kept["rotated"]),
        leaked=kept["rotated"] == _LEAKED,
        previous_secret=_previous(application, visit.now),
        **snippets.snippets(visit.environment, application, secret),
    )


def stored(visit: PortalRequest) -> Response:
    """Go on, once the tick says that the secret is stored."""
    application = applications.owned(visit)
    if visit.form.get("stored") != "yes":
        raise OAuthError(
            "invalid_request",
            "Tick that you have stored the client secret. If you have not, rotate it: "
            "it cannot be shown again.",
        )
    return redirect(visit, applications.address(application.id), "The credentials are stored.")


def rotate(visit: PortalRequest) -> Response:
    """Make a new secret; the old one ends after the chosen overlap. Sent twice, it makes one."""

    def keep_new(connection: Connection, made: Registered) -> None:
        keep(visit, connection, made, _LEAKED if has_leaked else _ROTATED)

    app_id, overlap = visit.ids["app_id"], _overlap(visit.form.get("overlap", ""))
    has_leaked = overlap == timedelta(0)  # as the page says beside that choice
    try:
        operations.rotate(
            visit.environment.context,
            visit.actor,
            app_id,
            overlap,
            visit.org_id,
            has_leaked=has_leaked,
            secret_id=visit.once(),
            also=keep_new,
        )
    except OAuthError as refusal:
        if refusal.status != DONE_ALREADY:
            return applications.again(visit, refusal, "overlap")
    return redirect(visit, f"{applications.address(app_id)}credentials/")


def _overlap(seconds: str) -> timedelta | None:
    if seconds == _UNTIL_USED:
        return None
    is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) <= _LONGEST_NUMBER
    # What is no number is an overlap that is not offered, and refused as that.
    return timedelta(seconds=int(seconds) if is_number else -1)


def _previous(application: Application, now: datetime) -> ApplicationSecret | None:
    """Give the secret that is being replaced, while it is live."""
    _, *previous = application.live_secrets(now) or [None]
    return previous[0] if previous else None


def _about(application: Application) -> str:
    return f"the credentials of {application.id}"
