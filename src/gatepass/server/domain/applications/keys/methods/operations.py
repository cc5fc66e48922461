"""What can be done to all methods of an application together: each in one transaction."""

from datetime import timedelta
from uuid import UUID

from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.keys.methods import sources
from gatepass.server.domain.applications.keys.methods.model import (
    NO_OTHER,
    NO_SECRET,
    QUIET,
    AuthenticationMethod,
    Methods,
    still_used,
)
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.transaction_steps import begin_change, record_change
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.wire.errors import OAuthError


def find(context: Context, application: Application) -> Methods:
    """Return how an application authenticates, and when each method was used last."""
    with context.database.read() as connection:
        return sources.find(context, connection, application, context.now())


def revoke_secrets(
    context: Context,
    by: Actor,
    app_id: UUID,
    org_id: UUID | None,
    unused_for: timedelta = QUIET,
) -> list[AuthenticationMethod]:
    """Revoke all secrets of an application that uses keys; return them.

    Tokens stay valid. Raises OAuthError where no other method was used yet, and where a secret was
    used less than `unused_for` ago.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        methods = sources.find(context, connection, application, now)
        if not methods.secrets:
            raise OAuthError("invalid_request", NO_SECRET, status=409)
        if methods.last_other is None:
            raise OAuthError("invalid_request", NO_OTHER, status=409)
        if not methods.is_quiet(unused_for):
            raise OAuthError("invalid_request", still_used(methods, unused_for), status=409)
        live = application.live_secrets(now)
        for each in live:
            store.end_secret(connection, each.id, now)
        record_change(
            connection,
            by,
            now,
            application,
            "secret.all_ended",
            secrets=", ".join(each.last_four or "imported" for each in live),
            unused_since=f"{methods.quiet_since:%Y-%m-%d %H:%M} UTC",
            key=methods.last_other.name,
        )
        return methods.secrets
