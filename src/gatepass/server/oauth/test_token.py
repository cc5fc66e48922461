"""Test tokens: issued in the sandbox, without a secret, to an administrator of an application."""

import secrets
from collections.abc import Callable
from uuid import UUID

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import GRANT_TYPE
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.environment.environment import Environment
from gatepass.server.oauth.token import count_issued
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.tokens.grant import authorize
from gatepass.server.tokens.issue import ENTROPY, IssuedToken, issue
from gatepass.server.tokens.request import PresentedCredentials, TokenRequest
from gatepass.translation.message import Message
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError


def is_offered(environment: Environment) -> bool:
    """Return whether test tokens are issued here: in the sandbox only."""
    return environment.mode is Mode.TEST


def issue_test_token(
    environment: Environment,
    by: Actor,
    app_id: UUID,
    org_id: UUID,
    keep: Callable[[Connection, IssuedToken], None],
) -> IssuedToken:
    """Issue the token that the application would get; `keep` stores it in the same transaction.

    Raises NotFoundError outside the sandbox, OAuthError if the application may not get tokens.
    """
    if not is_offered(environment):
        raise NotFoundError(str(app_id))
    application = operations.find(environment.context, app_id, org_id)
    live = application.live_secrets(environment.now())
    if application.disabled_at or application.org_suspended_at or not live:
        raise OAuthError("invalid_request", "This application gets no tokens as it is.")
    if application.settings.needs_binding or environment.profile:
        raise OAuthError(
            "invalid_request",
            Message(
                "Tokens of this application are bound to a key or certificate of its program, so a "
                "test token would be of no use."
            ),
        )
    credentials = PresentedCredentials(application.client_id, None)
    request = TokenRequest(credentials, GRANT_TYPE, None, ())
    cached = CachedApplication.of(application)
    grant = authorize(cached, request, environment.state.catalogue)
    now = environment.now()
    entropy = secrets.token_bytes(ENTROPY)  # the environment's iterator is for one thread
    now_ms = int(now.timestamp() * 1000)
    issued = issue(cached, grant, environment.state.keys, environment.issuer, now_ms, entropy)
    with environment.database.write() as connection:
        keep(connection, issued)
        event = entry(
            by,
            now,
            "token.test_issued",
            application.name,
            client_id=application.client_id,
            scope=issued.scope,
        )
        audit.record(connection, event)
    count_issued(environment, cached, grant)
    return issued
