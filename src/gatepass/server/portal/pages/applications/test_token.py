"""A test token of the sandbox: issued with one button, shown once, with its claims."""

from datetime import UTC, datetime

from starlette.responses import Response

from gatepass.server.oauth import test_token
from gatepass.server.oauth.access_token import inspect
from gatepass.server.portal.pages.applications import sub_pages
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.rendering import page, redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.tokens.issue import IssuedToken
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret


def make(request: PortalRequest) -> Response:
    """Issue a token; the next page shows it."""
    app_id = request.ids["app_id"]

    def keep(connection: Connection, issued: IssuedToken) -> None:
        request.keep_once(connection, _about(app_id), {"token": issued.access_token})

    try:
        test_token.issue_test_token(
            request.environment, request.actor, app_id, request.org_id, keep
        )
    except OAuthError as refusal:
        return sub_pages.rerender(request, refusal, "")
    return redirect(request, f"{sub_pages.address(app_id)}test-token/")


def show(request: PortalRequest) -> Response:
    """Show the token once; afterwards, a page that says so."""
    if not test_token.is_offered(request.environment):
        raise NotFoundError(request.path)
    application = sub_pages.find_application(request)
    if request.method == "HEAD":  # a HEAD request must not use up the token
        return Response(media_type="text/html")
    kept = request.take_once(_about(application.id))
    claims = inspect(request.environment, Secret(kept["token"])) if kept else None
    if kept is None or claims is None:
        return page(request, "application/test_token_gone.html", application=application)
    return page(
        request,
        "application/test_token.html",
        application=application,
        token=kept["token"],
        claims=claims,
        scope=str(claims["scope"]).split(),
        words_of=request.catalogue.words,
        audience=claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]],
        issued_at=_time(claims["iat"]),
        expires_at=_time(claims["exp"]),
        call=snippets.call(request.environment, application, Secret(kept["token"])),
        curl=snippets.snippets(request.environment, application)["curl"],
    )


def _time(seconds: object) -> datetime:
    return datetime.fromtimestamp(int(str(seconds)), UTC)


def _about(app_id: object) -> str:
    return f"a test token of {app_id}"
