"""A token without a secret: for an administrator of the application, in the sandbox, to try."""

import secrets
from collections.abc import Callable
from uuid import UUID

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import GRANT_TYPE
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.environment.environment import Environment
from gatepass.server.observability import metrics
from gatepass.server.storage.database import Connection, NotFoundError
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.grant import authorize
from gatepass.server.tokens.issue import ENTROPY, IssuedToken, issue
from gatepass.server.tokens.request import PresentedCredentials, TokenRequest
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError


def is_offered(environment: Environment) -> bool:
    """Tell whether test tokens are made here: in the sandbox alone."""
    return environment.mode is Mode.TEST


def issue_one(
    environment: Environment,
    by: Actor,
    app_id: UUID,
    org_id: UUID,
    also: Callable[[Connection, IssuedToken], None],
) -> IssuedToken:
    """Issue what the application would get by itself; `also` keeps it, in one transaction.

    Raises NotFoundError outside the sandbox, and OAuthError where the application gets no tokens.
    """
    if not is_offered(environment):
        raise NotFoundError(str(app_id))
    application = operations.find(environment.context, app_id, org_id)
    live = application.live_secrets(environment.now())
    if application.disabled_at or application.org_suspended_at or not live:
        raise OAuthError("invalid_request", "This application gets no tokens as it is.")
    asked = TokenRequest(
        PresentedCredentials(application.client_id, None, by_header=False), GRANT_TYPE, None, ()
    )
    grant = authorize(AuthenticatedClient(application, live[0]), asked, environment.catalogue)
    now = environment.now()
    entropy = secrets.token_bytes(ENTROPY)  # the environment's own is for one thread alone
    now_ms = int(now.timestamp() * 1000)
    issued = issue(grant, environment.keys, environment.issuer, now_ms, entropy)
    with environment.database.write() as connection:
        also(connection, issued)
        told = entry(
            by,
            now,
            "token.test_issued",
            application.name,
            client_id=application.client_id,
            scope=issued.scope,
        )
        audit.record(connection, told)
    environment.usage.issued(application)
    metrics.issued("sealed" if grant.form == "sealed" else "jwt")
    return issued
