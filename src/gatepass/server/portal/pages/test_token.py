"""A test token of the sandbox: made with one button, shown once, with its claims in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace

from starlette.responses import Response

from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.server.domain.sessions import one_time_secret
from gatepass.server.oauth import test_token
from gatepass.server.oauth.introspection import inspect
from gatepass.server.portal.pages import applications
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.rendering import page, redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection, NotFoundError
from gatepass.server.tokens.issue import IssuedToken
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret


def make(visit: PortalRequest) -> Response:
    """Make a token, which waits in the session for the next page."""
    app_id = visit.ids["app_id"]

    def keep(connection: Connection, issued: IssuedToken) -> None:
        what = {"token": issued.access_token}
        one_time_secret.keep(
            connection, visit.me.session_id, _about(app_id), what, visit.environment.now()
        )

    try:
        test_token.issue_one(visit.environment, visit.actor, app_id, visit.org_id, keep)
    except OAuthError as refusal:
        return applications.again(visit, refusal, "")
    return redirect(visit, f"{applications.address(app_id)}test-token/")


def show(visit: PortalRequest) -> Response:
    """Show the token, one time; afterwards only that it was shown."""
    if not test_token.is_offered(visit.environment):
        raise NotFoundError(visit.path)
    application = applications.owned(visit)
    if visit.method == "HEAD":  # whoever asks for no page must not use up its token
        return Response(media_type="text/html")
    kept = one_time_secret.take(
        visit.environment.context, visit.me.session_id, _about(application.id)
    )
    said = inspect(visit.environment, Secret(kept["token"])) if kept else None
    if kept is None or said is None:
        return page(visit, "application_test_token_gone.html", application=application)
    return page(
        visit,
        "application_test_token.html",
        application=application,
        token=kept["token"],
        claims=_claims(said, application, visit.environment.catalogue),
        call=snippets.call(visit.environment, application, Secret(kept["token"])),
        curl=snippets.snippets(visit.environment, application)["curl"],
    )


def _claims(
    said: Mapping[str, object], application: Application, catalogue: Catalogue
) -> SimpleNamespace:
    audience = said["aud"]
    return SimpleNamespace(
        name=application.name,
        client_id=said["client_id"],
        scope=[
            SimpleNamespace(name=name, words=catalogue.words(name))
            for name in str(said["scope"]).split()
        ],
        audience=audience if isinstance(audience, list) else [audience],
        issuer=said["iss"],
        issued_at=_moment(said["iat"]),
        expires_at=_moment(said["exp"]),
        token_id=said["jti"],
    )


def _moment(seconds: object) -> datetime:
    return datetime.fromtimestamp(int(str(seconds)), UTC)


def _about(app_id: object) -> str:
    return f"a test token of {app_id}"
