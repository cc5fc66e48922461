"""The revocation endpoint (RFC 7009)."""

from datetime import UTC, datetime

from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.environment.environment import Environment
from gatepass.server.http import NO_STORE, NeedsThread, Request, Response
from gatepass.server.oauth.client_authentication import authenticated, claimed_by
from gatepass.server.oauth.introspection import read
from gatepass.server.storage.database import DatabaseAwayError
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.request import parameters
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_DONE = Response(200, NO_STORE, b"{}")


def revoke(environment: Environment, arrived: Request) -> Response:
    """Revoke a token of the caller's own; unknown and expired ones are answered alike (§2.2).

    `token_type_hint` is of no use to us and ignored (§2.1). Another client's token is refused
    and stays active. 200 means that the revocation is durable.
    """
    params = parameters(arrived)
    client = authenticated(environment, arrived, claimed_by(environment, arrived, params))
    token = params.get("token")
    if token is None:
        raise OAuthError("invalid_request", "The parameter token is missing.")
    claims = read(environment, Secret(token))
    if claims is None or claims.expires_at <= environment.clock():
        return _DONE
    if claims.application not in (client.application.id, client.application.client_id):
        raise OAuthError(
            "invalid_request",
            "This token was issued to another client.",
            log_detail="revocation of another client's token",
        )
    if claims.token_id not in environment.state.revoked:
        raise NeedsThread(
            lambda: _keep(environment, client.application, claims, arrived.source),
            environment.revocation_pool,
        )
    return _DONE


def _keep(environment: Environment, application: Application, claims: Claims, source: str) -> None:
    """Make the revocation durable and known to this process."""
    try:
        _write(environment, application, claims, source)
    except DatabaseAwayError:
        raise OAuthError(
            "temporarily_unavailable",
            "The token could not be revoked just now and is still active. Try again.",
            log_detail="the database is away",
            retry_after=5,
        ) from None
    environment.state.revoked.add(claims.token_id, claims.expires_at)
    environment.refresh()


def _write(environment: Environment, application: Application, claims: Claims, source: str) -> None:
    now = environment.now()
    by = Actor(application.name, source, application.org_id)
    token_id = claims.token_id.hex()
    with environment.database.write() as connection:
        if revocations.find(connection, claims.token_id) is None:
            expires_at = datetime.fromtimestamp(claims.expires_at, UTC)
            revocations.add(connection, claims.token_id, expires_at)
            told = entry(
                by,
                now,
                "token.revoked",
                application.name,
                client_id=application.client_id,
                token_id=token_id,
            )
            audit.record(connection, told)
            changes.record(connection, changes.REVOCATION, token_id, now)
