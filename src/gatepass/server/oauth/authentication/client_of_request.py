"""Whose request it was, for the access log: after the request, and only if it authenticated."""

from gatepass.server.environment.environment import Environment
from gatepass.server.http import NeedsThread, Request
from gatepass.server.oauth import access_token
from gatepass.server.oauth.bearer_authentication import has_bearer, read_bearer
from gatepass.server.oauth.client_authentication import credentials_of
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.request import parse_parameters
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params

_AUTHENTICATING = frozenset(
    {"token", "revoke", "introspect", "revocations", "rotate_secret", "verify"}
)
_REFUSED = frozenset({401, 403})


def client_of(environment: Environment, request: Request, endpoint: str, status: int) -> str:
    """Return the client id of a request that authenticated; "" if it did not.

    What an OAuth endpoint has answered with success has authenticated, so the client id in it is
    read again, or the access token verified again, from memory. After an error it is left out, as
    the credential may be what was wrong.
    """
    if not isinstance(environment, ServedEnvironment):
        return ""
    if endpoint == "partner_api":
        return "" if status in _REFUSED else _of_token(environment, request)
    if endpoint not in _AUTHENTICATING or status >= 400:
        return ""
    if has_bearer(request):
        return _of_token(environment, request)
    try:
        params = parse_parameters(request) if request.body else Params({})
        return credentials_of(environment, request, params).client_id
    except OAuthError:  # as of a preflight request, which has no credentials
        return ""


def _of_token(environment: ServedEnvironment, request: Request) -> str:
    try:
        token = read_bearer(request)
    except OAuthError:
        return ""
    found = access_token.find(environment, token) if token else None
    return "" if found is None or isinstance(found, NeedsThread) else found[1].client_id
