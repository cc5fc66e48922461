"""The revocation endpoint (RFC 7009)."""

from datetime import UTC, datetime
from functools import partial

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.http import NO_STORE, NeedsThread, Request, Response, Result
from gatepass.server.oauth import access_token
from gatepass.server.oauth.authentication.assertion import with_client
from gatepass.server.oauth.client_authentication import (
    credentials_of,
    record_use,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.request import parse_parameters
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params
from gatepass.wire.secret import Secret

_DONE = Response(200, NO_STORE, b"{}")


def revoke(environment: ServedEnvironment, request: Request) -> Result:
    """Revoke a token of the caller's own; unknown and expired ones get the same response (§2.2).

    `token_type_hint` has no use here and is ignored (§2.1). Another client's token is refused and
    stays active. 200 means that the revocation is durable.
    """
    params = parse_parameters(request)
    credentials = credentials_of(environment, request, params)
    then = partial(_revoke_own, environment, request, params)
    return with_client(environment, request, credentials, then)


def _revoke_own(
    environment: ServedEnvironment, request: Request, params: Params, client: AuthenticatedClient
) -> Result:
    record_use(environment, request, client, environment.clock())
    claims = _own_token(environment, client.application, params)
    if claims is None or claims.token_id in environment.state.revoked:
        return _DONE
    work = partial(_revoke, environment, client.application, claims, request.source)
    return NeedsThread(work, environment.pools.revocations)


def _own_token(
    environment: ServedEnvironment, application: CachedApplication, params: Params
) -> Claims | None:
    """Return the claims of the token to revoke, None if it is unknown or expired."""
    token = params.get("token")
    if token is None:
        raise OAuthError("invalid_request", "The parameter token is missing.")
    claims = access_token.read(environment, Secret(token))
    if claims is None or claims.expires_at <= environment.clock():
        return None
    if claims.application not in (application.id_bytes, application.client_id):
        raise OAuthError(
            "invalid_request",
            "This token was issued to another client.",
            log_detail="revocation of another client's token",
        )
    return claims


def _revoke(
    environment: ServedEnvironment, application: CachedApplication, claims: Claims, source: str
) -> None:
    """Make the revocation durable, and apply it in this process."""
    try:
        _store(environment, application, claims, source)
    except DatabaseAwayError:
        raise OAuthError(
            "temporarily_unavailable",
            "The token could not be revoked just now and is still active. Try again.",
            log_detail="the database is away",
            retry_after=5,
        ) from None
    environment.state.revoked.add(claims.token_id, claims.expires_at)
    environment.refresh()


def _store(
    environment: ServedEnvironment, application: CachedApplication, claims: Claims, source: str
) -> None:
    now = environment.now()
    by = Actor(application.name, source, application.org_id)
    token_id = claims.token_id.hex()
    with environment.database.write() as connection:
        if revocations.find(connection, claims.token_id) is None:
            expires_at = datetime.fromtimestamp(claims.expires_at, UTC)
            revocations.add(connection, claims.token_id, expires_at)
            event = entry(
                by,
                now,
                "token.revoked",
                application.name,
                client_id=application.client_id,
                token_id=token_id,
            )
            audit.record(connection, event)
            changes.record(connection, changes.REVOCATION, token_id, now)
