"""What can be done to the secrets of an application: each in one transaction."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.model import (
    OVERLAPS,
    UNTIL_USED,
    new_secret,
    with_overlap,
)
from gatepass.server.domain.applications.operations import Also, Registered, nothing_else
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    store as automatic_rotation,
)
from gatepass.server.domain.applications.secrets.end import SecretEndRefused, in_words
from gatepass.server.domain.applications.transaction_steps import (
    begin_change,
    check_secret_end,
    end_in_words,
    record_change,
)
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError


def rotate(  # noqa: PLR0913 - who, what, how, and what else is written
    context: Context,
    by: Actor,
    app_id: UUID,
    overlap: timedelta | None,
    org_id: UUID | None,
    *,
    secret_end: datetime | None = None,
    has_leaked: bool = False,
    secret_id: UUID | None = None,
    also: Also = nothing_else,
) -> Registered:
    """Add a secret; the old one ends when the overlap is over.

    With None for an overlap it ends when the new one is first used, as noticed in the next batch.
    The new one works until `secret_end`; raises OAuthError where a policy does not allow that.
    Where the old secret `has_leaked`, every token that the application holds is revoked, as
    anyone who knows the secret may hold some of them.

    With a `secret_id` of the caller's, doing it twice makes one: the second is OAuthError (409).
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        if any(each.id == secret_id for each in application.secrets):
            raise OAuthError("invalid_request", "This is done already.", status=409)
        new_id = secret_id or uuid4()
        if overlap is None:
            _check_not_automatic(context, connection, app_id)
        ended = with_overlap(application.live_secrets(now), overlap, now, new_id)
        secret, kept = new_secret(new_id, context.mode, secrets.token_bytes(32), now, secret_end)
        check_secret_end(context, connection, application.org_id, kept, now)
        for each in ended:
            store.set_end(connection, each)
        store.remove_ended_secrets(connection, app_id, now)
        store.add_secret(connection, app_id, kept)
        if has_leaked:
            store.change(
                connection, app_id, {"tokens_revoked_before": application.next_revocation(now)}
            )
        also(connection, Registered(application, secret))
        record_change(
            connection,
            by,
            now,
            application,
            "application.rotated",
            new_secret=kept.last_four,
            overlap=UNTIL_USED if overlap is None else OVERLAPS[overlap],
            **end_in_words(secret_end),
        )
        if has_leaked:
            record_change(connection, by, now, application, "application.tokens_voided")
    return Registered(application, secret)


def set_end(
    context: Context,
    by: Actor,
    app_id: UUID,
    secret_id: UUID,
    end: datetime | None,
    org_id: UUID | None,
) -> None:
    """Set when a live secret ends; None for never.

    Raises OAuthError where a policy does not allow that, or where a rotation has set its end: it
    may end earlier then, but not later. NotFoundError for a secret that is not live.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        live = application.live_secrets(now)
        found = next((each for each in live if each.id == secret_id), None)
        if found is None:
            raise NotFoundError(str(secret_id))
        if found.id != live[0].id and _is_later(end, found.expires_at):
            raise SecretEndRefused(
                "A newer secret has replaced this one, so it can only end earlier.",
            )
        changed = replace(found, expires_at=end)
        check_secret_end(context, connection, application.org_id, changed, now)
        store.set_end(connection, changed)
        record_change(
            connection,
            by,
            now,
            application,
            "secret.end_changed",
            secret=found.last_four or "imported",
            end=in_words(end),
        )


def revoke(context: Context, by: Actor, app_id: UUID, secret_id: UUID, org_id: UUID | None) -> None:
    """End a secret now; the last live one cannot be ended, disable the application instead."""
    with begin_change(context, app_id, org_id) as (connection, application, now):
        live = application.live_secrets(now)
        ended = next((each for each in live if each.id == secret_id), None)
        if ended is None:
            raise NotFoundError(str(secret_id))
        if len(live) == 1:
            raise OAuthError(
                "invalid_request",
                "This is the only live secret. Rotate it first, or disable the application.",
            )
        store.end_secret(connection, secret_id, now)
        record_change(
            connection, by, now, application, "secret.ended", secret=ended.last_four or "imported"
        )


def longest_lifetime(context: Context, org_id: UUID) -> int | None:
    """Return how many days a secret of an organization may live; None for any time."""
    with context.database.read() as connection:
        policy = policies.find_in_force(context.database, connection, org_id)
    return policy.longest_secret_days


def _check_not_automatic(context: Context, connection: Connection, app_id: UUID) -> None:
    """Raise OAuthError where the application rotates its secret itself.

    It uses a new secret before it commits to it, which must not end the old one.
    """
    if automatic_rotation.find(context.database, connection, app_id).setting.is_on:
        raise OAuthError(
            "invalid_request",
            "Automatic rotation is on, so the old secret cannot end at the first use of the new "
            "one. Choose a time.",
        )


def _is_later(end: datetime | None, than: datetime | None) -> bool:
    return than is not None and (end is None or end > than)
