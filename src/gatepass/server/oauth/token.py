"""The token endpoint (RFC 6749 §4.4.2): the steps of a token request, in order.

Errors are found in this order: method, media type, form of the request, client authentication,
grant type, scope, resource, what the token is bound to. A caller that is not authenticated
therefore learns nothing about a client's grants or scopes.
"""

from functools import partial

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.settings.model import NO_SETTINGS
from gatepass.server.environment.environment import Environment
from gatepass.server.http import NeedsThread, Request, Response, Result
from gatepass.server.oauth.authentication.assertion import with_client
from gatepass.server.oauth.authentication.binding import NOTHING, Binding, bind
from gatepass.server.oauth.client_authentication import (
    authenticate_client,
    check_not_stale,
    record_error,
    record_use,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.grant import Grant, authorize
from gatepass.server.tokens.grant_cache import CachedGrant, digest_of
from gatepass.server.tokens.issue import issue
from gatepass.server.tokens.profile import check_form, is_strict
from gatepass.server.tokens.request import TokenRequest, parse
from gatepass.server.tokens.response import token_response
from gatepass.wire.errors import OAuthError


def token(environment: ServedEnvironment, request: Request) -> Result:
    """Issue an access token; raise OAuthError, or return NeedsThread before anything is done."""
    now, key = environment.clock(), digest_of(request)
    granted = environment.grants.get(key, request.source, now)
    if granted is None:
        token_request = parse(request, may_be_raw=environment.state.has_imported)
        presented = token_request.credentials
        if presented.assertion is not None or presented.certificate is not None:
            then = partial(_first_token, environment, request, token_request)
            return with_client(environment, request, presented, then)
        client = authenticate_client(environment, request, presented)
        if isinstance(client, NeedsThread):
            return client
        record_use(environment, request, client, now)
        grant = _authorize(environment, request, client, token_request)
        environment.grants.put(key, CachedGrant(client, grant))
    else:
        client, grant = granted
        check_not_stale(environment)
        record_use(environment, request, client, now)
    return _issued(environment, request, client, grant, now)


def _first_token(
    environment: ServedEnvironment,
    request: Request,
    token_request: TokenRequest,
    client: AuthenticatedClient,
) -> Response:
    """Issue a token to a client that proved that it has a key; the grant is not kept."""
    now = environment.clock()
    record_use(environment, request, client, now)
    grant = _authorize(environment, request, client, token_request)
    return _issued(environment, request, client, grant, now)


def _issued(
    environment: ServedEnvironment,
    request: Request,
    client: AuthenticatedClient,
    grant: Grant,
    now: float,
) -> Response:
    notice, binding = "", NOTHING
    if b"dpop" in request.headers or (
        environment.profile or client.application.settings is not NO_SETTINGS
    ):
        binding = _bind(environment, request, client.application, grant, now)
    if client.application.rate_limit_mode != "off":
        notice = _limit(environment, request, client.application, now)
    entropy, now_ms = next(environment.entropy), int(now * 1000)
    issued = issue(
        client.application,
        grant,
        environment.state.keys,
        environment.issuer,
        now_ms,
        entropy,
        binding.confirmation,
    )
    count_issued(environment, client.application, grant)
    response = token_response(issued, notice, client.secret.expires_ms)
    return binding.respond(response) if binding.nonce else response


def _bind(
    environment: ServedEnvironment,
    request: Request,
    application: CachedApplication,
    grant: Grant,
    now: float,
) -> Binding:
    """Return what the token is bound to: for each request again, as a grant may be repeated."""
    try:
        if is_strict(environment.profile, application):
            check_form(grant.form)
        return bind(environment, request, application, now)
    except OAuthError as error:
        if error.code != "use_dpop_nonce":  # each client's first request, and nobody's fault
            record_error(environment, request, application, error, now)
        error.client_id = application.client_id
        raise


def _authorize(
    environment: ServedEnvironment,
    request: Request,
    client: AuthenticatedClient,
    token_request: TokenRequest,
) -> Grant:
    try:
        return authorize(client.application, token_request, environment.state.catalogue)
    except OAuthError as error:
        record_error(environment, request, client.application, error, environment.clock())
        raise


def _limit(
    environment: ServedEnvironment, request: Request, application: CachedApplication, now: float
) -> str:
    """Count a token against the application's limit; return the notice."""
    try:
        return environment.issuance_limit.count(application, now)
    except OAuthError as error:
        record_error(environment, request, application, error, now)
        raise


def count_issued(environment: Environment, application: CachedApplication, grant: Grant) -> None:
    """Count an issued token, for the application's usage and for the metrics."""
    environment.usage.issued(application)
    environment.tokens_issued["opaque" if grant.form == "opaque" else "jwt"] += 1
