"""The part of the registration that says how the program of an application authenticates."""

from uuid import UUID

from gatepass.server.domain.applications.keys.model import check_keys
from gatepass.server.domain.applications.keys.operations import GeneratedKey
from gatepass.server.domain.applications.keys.registration import FirstKey, register_with_key
from gatepass.server.domain.applications.operations import new_application
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

SECRET, KEY, PAIR = "secret", "key", "pair"
_ALG = "ES256"
_NO_SECRET = Message("By the policy, new applications get no secret. Choose a key.")


def choices(request: PortalRequest) -> dict[str, object]:
    """Return what the form offers: a secret only where the policies allow one."""
    return {
        "allows_secret": secrets.allows_first_secret(request.context, request.org_id),
        "offers_keys": request.environment.accepts_assertions(),
    }


def method_of(request: PortalRequest) -> str:
    """Return the choice of a form; raise OAuthError for one that is not offered.

    A form without it, as of a program from before keys, means a secret.
    """
    chosen = request.form.get("method", SECRET)
    if chosen not in {SECRET, KEY, PAIR}:
        raise OAuthError("invalid_request", Message("Choose one of the offered ways."))
    if chosen == SECRET and not secrets.allows_first_secret(request.context, request.org_id):
        raise OAuthError("invalid_request", _NO_SECRET)
    return chosen


def check(request: PortalRequest) -> None:
    """Raise OAuthError where a pasted key is none."""
    if request.form.get("method") == KEY:
        check_keys(request.form.get("key", "").encode())


def register(
    request: PortalRequest,
    *,
    name: str,
    scope: Scope,
    allowed: Scope,
    redirect_uris: tuple[str, ...],
    app_id: UUID,
) -> None:
    """Register an application with a key; a pair that is made is shown once on the next page."""

    def keep(connection: Connection, made: GeneratedKey) -> None:
        request.keep_once(connection, about(made.application_id), kept(made))

    pasted = request.form.get("key", "") if request.form.get("method") == KEY else ""
    new = new_application(
        request.context,
        request.catalogue,
        request.actor,
        request.org_id,
        name=name,
        scope=scope,
        allowed=allowed,
        redirect_uris=redirect_uris,
        app_id=app_id,
    )
    key = FirstKey(pasted.encode(), _ALG)
    register_with_key(request.context, request.actor, new, key, keep)


def kept(made: GeneratedKey) -> dict[str, str]:
    """Return what is kept of a new pair until its page was shown once."""
    return {"pem": made.private.pem(), "alg": made.private.alg, "kid": made.private.kid}


def about(app_id: object) -> str:
    """Return by which name it is kept."""
    return f"the private key of {app_id}"
