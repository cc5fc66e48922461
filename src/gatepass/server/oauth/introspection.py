"""The introspection endpoint (RFC 7662)."""

from functools import partial
from http import HTTPStatus

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.catalogue.model import INTROSPECTION
from gatepass.server.http import NeedsThread, Request, Response, Result
from gatepass.server.oauth import access_token
from gatepass.server.oauth.authentication.assertion import continued, with_client
from gatepass.server.oauth.authentication.binding import has_dpop, with_nonce
from gatepass.server.oauth.bearer_authentication import authenticate_bearer, has_bearer
from gatepass.server.oauth.client_authentication import (
    authenticate_by_header,
    credentials_of,
    record_use,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens import introspection_jwt
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.profile import check_introspection_algorithm, is_strict
from gatepass.server.tokens.request import (
    SECRET_CREDENTIALS,
    has_assertion,
    has_certificate,
    multiple_methods,
    parse_parameters,
)
from gatepass.server.tokens.response import json_response
from gatepass.server.tokens.verified_cache import AccessToken
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params
from gatepass.wire.secret import Secret

_INACTIVE = json_response({"active": False})
_TEXT_JSON = b"text/json"
_JSON_RANGES = (b"application/json", b"application/*", b"*/*")


def introspect(environment: ServedEnvironment, request: Request) -> Result:
    """Return the state of a token to an authenticated caller; `{"active": false}` for any other.

    A caller sees the tokens of its own organization; with the scope `introspection`, which only
    the operator grants, those of the environment. In place of client authentication it may present
    an access token with this scope (RFC 7662 §2.1). The response is JSON, or a JWT (RFC 9701).
    """
    params = parse_parameters(request)
    has_key = has_assertion(params) or has_certificate(request, params)
    if has_key and not has_bearer(request):
        credentials = credentials_of(environment, request, params)
        then = partial(_introspect, environment, request, params)
        return with_client(environment, request, credentials, then)
    caller = _authenticate(environment, request, params)
    if isinstance(caller, NeedsThread):
        return caller
    if has_dpop(request):  # its proof is used up, so what follows is repeated alone
        return continued(partial(_introspect, environment, request, params, caller))
    return _introspect(environment, request, params, caller)


def _introspect(
    environment: ServedEnvironment,
    request: Request,
    params: Params,
    caller: AuthenticatedClient | CachedApplication,
) -> Result:
    token = params.get("token")
    found = access_token.find(environment, Secret(token)) if token else None
    if isinstance(found, NeedsThread):
        return found
    if isinstance(caller, AuthenticatedClient):
        record_use(environment, request, caller, environment.clock())
        caller = caller.application
    if token is None:
        raise OAuthError("invalid_request", "The parameter token is missing.")
    response = _INACTIVE
    if found is not None and _may_see(caller, found[1]):
        response = _respond(environment, found)
    accept, alg = request.headers.get(b"accept"), caller.settings.introspection_signed_response_alg
    if alg or (accept and introspection_jwt.is_preferred(accept)):
        response = _signed(environment, caller, response)
    elif accept:
        response = _negotiate(accept, response)
    return with_nonce(environment, request, response)


def _signed(
    environment: ServedEnvironment, caller: CachedApplication, response: Response
) -> Response:
    """Return the response as a JWT for this caller (RFC 9701), by the algorithm that it chose."""
    chosen = caller.settings.introspection_signed_response_alg or environment.algorithm
    if is_strict(environment.profile, caller):
        check_introspection_algorithm(chosen)
    key = next(
        (each for alg, each in environment.state.keys.signing_keys.items() if alg == chosen), None
    )
    if key is None:
        raise OAuthError(
            "temporarily_unavailable",
            "No key signs introspection responses by the algorithm of this application.",
            log_detail=f"no key for introspection_signed_response_alg {chosen}",
        )
    now = environment.clock()
    return introspection_jwt.signed_response(
        response, environment.issuer, caller.client_id, now, key
    )


def _authenticate(
    environment: ServedEnvironment, request: Request, params: Params
) -> AuthenticatedClient | CachedApplication | NeedsThread:
    if not has_bearer(request):
        return authenticate_by_header(environment, request, params)
    if not SECRET_CREDENTIALS.isdisjoint(params.values):
        raise multiple_methods()
    status = HTTPStatus.UNAUTHORIZED.value  # for any error of the token (RFC 7662 §2.3)
    urls = environment.introspection_urls
    return authenticate_bearer(environment, request, status=status, method="POST", urls=urls)


def _may_see(caller: CachedApplication, owner: CachedApplication) -> bool:
    return caller.org_id == owner.org_id or INTROSPECTION in caller.scope


def _respond(environment: ServedEnvironment, token: AccessToken) -> Response:
    """Return the response for an active token, from the cache where there is one."""
    responses, key = environment.introspection_responses, token[0].token_id
    return responses.get(key, token) or responses.put(
        key, token, json_response({"active": True, **access_token.describe(environment, token)})
    )


def _negotiate(accept: bytes, response: Response) -> Response:
    """Return the response as `text/json` to a caller that accepts no other name of JSON."""
    if _TEXT_JSON not in accept or any(each in accept for each in _JSON_RANGES):
        return response
    kept = (pair for pair in response.headers if pair[0] != b"content-type")
    return response._replace(headers=((b"content-type", _TEXT_JSON + b"; charset=utf-8"), *kept))
