"""The token endpoint `/oauth2/token/`: a table of contents of what happens to a request.

Errors are found in this order: method, media type, form of the request, client
authentication, grant type, scope, resource. Whoever is not authenticated therefore learns
nothing of a client's grants or scopes.
"""

from gatepass.server.domain.applications.model import Application
from gatepass.server.environment.environment import Environment
from gatepass.server.http import Request, Response
from gatepass.server.oauth.client_authentication import (
    authenticated,
    check_memory,
    note_refusal,
    note_use,
)
from gatepass.server.observability import metrics
from gatepass.server.tokens import response
from gatepass.server.tokens.grant import authorize
from gatepass.server.tokens.grant_cache import CachedGrant, key_of
from gatepass.server.tokens.issue import issue
from gatepass.server.tokens.request import parse
from gatepass.wire.errors import OAuthError


def token(environment: Environment, arrived: Request) -> Response:
    """Answer a token request (RFC 6749 §4.4.2); raise OAuthError or Later."""
    key = key_of(arrived)
    now = environment.clock()
    granted = environment.grants.recall(key, arrived.source, now)
    if granted is None:
        granted = _granted(environment, arrived)
        environment.grants.keep(key, granted)
    else:
        check_memory(environment)
        note_use(environment, arrived, granted.client, now)
    application = granted.grant.application
    is_limited = application.rate_limit_mode != "off"
    notice = _admit(environment, arrived, application, now) if is_limited else ""
    entropy = next(environment.entropy)
    issued = issue(granted.grant, environment.keys, environment.issuer, int(now * 1000), entropy)
    environment.usage.issued(application)
    metrics.issued("sealed" if granted.grant.form == "sealed" else "jwt")
    return response.token(issued, notice)


def _admit(environment: Environment, arrived: Request, application: Application, now: float) -> str:
    """Count the token of an application that has a limit; give the notice, or raise OAuthError."""
    try:
        return environment.issuance_limit.count(application, now)
    except OAuthError as refused:
        note_refusal(environment, arrived, application, refused, now)
        raise


def _granted(environment: Environment, arrived: Request) -> CachedGrant:
    asked = parse(arrived, may_be_raw=environment.state.has_imported)
    client = authenticated(environment, arrived, asked.claimed)
    try:
        return CachedGrant(client, authorize(client, asked, environment.catalogue))
    except OAuthError as refused:
        note_refusal(environment, arrived, client.application, refused, environment.clock())
        raise
