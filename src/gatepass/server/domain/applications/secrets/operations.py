"""What can be done to the secrets of an application: each in one transaction."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog

from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.keys.methods import sources as methods
from gatepass.server.domain.applications.model import (
    OVERLAPS,
    UNTIL_USED,
    Application,
    ApplicationSecret,
    new_secret,
    with_overlap,
)
from gatepass.server.domain.applications.operations import Also, Registered, nothing_else
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    store as automatic_rotation,
)
from gatepass.server.domain.applications.secrets.end import SecretEndRefused, in_words
from gatepass.server.domain.applications.secrets.leaks.notices import marked_as_leaked
from gatepass.server.domain.applications.secrets.leaks.operations import (
    has_leaked as has_leaked_secret,
)
from gatepass.server.domain.applications.secrets.uses import store as uses
from gatepass.server.domain.applications.secrets.uses.model import KEPT, SecretUse
from gatepass.server.domain.applications.transaction_steps import (
    begin_change,
    check_first_secret,
    check_secret_end,
    emit_rotated,
    end_in_words,
    record_change,
    void_tokens,
)
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

log = structlog.get_logger("gatepass.server")


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
            raise OAuthError("invalid_request", Message("This is done already."), status=409)
        new_id = secret_id or uuid4()
        _check_may_rotate(context, connection, application, overlap, now)
        ended = with_overlap(application.live_secrets(now), overlap, now, new_id)
        secret, kept = new_secret(new_id, context.mode, secrets.token_bytes(32), now, secret_end)
        check_secret_end(context, connection, application.org_id, kept, now)
        for each in ended:
            store.set_end(connection, each)
        remove_ended(context, connection, app_id, now)
        store.add_secret(connection, app_id, kept)
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
        ends = [each.expires_at for each in ended if each.expires_at and overlap is not None]
        emit_rotated(context, connection, application, kept, max(ends, default=None), now)
        if has_leaked:
            void_tokens(context, connection, by, application, now)
    return Registered(application, secret)


def _check_may_rotate(
    context: Context,
    connection: Connection,
    application: Application,
    overlap: timedelta | None,
    now: datetime,
) -> None:
    """Raise OAuthError where a policy or the automatic rotation stands against it."""
    if not application.live_secrets(now):
        check_first_secret(context, connection, application.org_id)
    if overlap is None:
        _check_not_automatic(context, connection, application.id)


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
                Message("A newer secret has replaced this one, so it can only end earlier."),
            )
        if _is_later(end, found.expires_at) and has_leaked_secret(context, connection, secret_id):
            raise SecretEndRefused(
                Message(
                    "This secret was reported as leaked, so it can only end earlier. Rotate it."
                )
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
    """End a secret now.

    The last live one can be ended only where a key was used already; else disable the application.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        live = application.live_secrets(now)
        ended = next((each for each in live if each.id == secret_id), None)
        if ended is None:
            raise NotFoundError(str(secret_id))
        if (
            len(live) == 1
            and methods.find(context, connection, application, now).last_other is None
        ):
            raise OAuthError(
                "invalid_request",
                Message(
                    "This is the only live secret. Rotate it or deploy a key first, or disable "
                    "the application."
                ),
            )
        store.end_secret(connection, secret_id, now)
        record_change(
            connection, by, now, application, "secret.ended", secret=ended.last_four or "imported"
        )


def replace_leaked(  # noqa: PLR0913 - who, what, how, and what else is written
    context: Context,
    by: Actor,
    app_id: UUID,
    secret_id: UUID,
    org_id: UUID | None,
    *,
    secret_end: datetime | None = None,
    new_id: UUID | None = None,
    also: Also = nothing_else,
) -> Registered | None:
    """End a secret that somebody else may know, and revoke all tokens of its application.

    Tokens name no secret, so whoever knows it may hold any of them. Where it is the newest, return
    a new one, which works until `secret_end`; None where a newer one has replaced it already. The
    organization's administrators get mail, and so does the operator; the log has a warning.

    With a `new_id` of the caller's, doing it twice makes one: the second is OAuthError (409).
    Raises OAuthError where a policy does not allow the end, NotFoundError for a secret that is not
    live.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        if any(each.id == new_id for each in application.secrets):
            raise OAuthError("invalid_request", Message("This is done already."), status=409)
        live = _without_prepared(context, connection, application, secret_id, now)
        leaked = next((each for each in live if each.id == secret_id), None)
        if leaked is None:
            raise NotFoundError(str(secret_id))
        made, kept = None, None
        if leaked.id == live[0].id:
            made, kept = new_secret(
                new_id or uuid4(), context.mode, secrets.token_bytes(32), now, secret_end
            )
            check_secret_end(context, connection, application.org_id, kept, now)
            for each in live[1:]:
                if each.ends_on_use_of == leaked.id:
                    store.set_end(connection, replace(each, ends_on_use_of=kept.id))
            store.add_secret(connection, app_id, kept)
        store.end_secret(connection, secret_id, now)
        store.void_tokens(connection, application, now)
        registered = Registered(application, made) if made else None
        if registered:
            also(connection, registered)
        marked_as_leaked(context, connection, by, application, leaked, now)
        if kept:
            emit_rotated(context, connection, application, kept, None, now)
    return registered


def past_uses(context: Context, application: Application, now: datetime) -> list[SecretUse]:
    """Return from where an application's secrets were used in the last 90 days, the last first."""
    with context.database.read() as connection:
        if not context.database.has(connection, uses.REVISION):
            return []
        return uses.of_application(connection, application, now - KEPT)


def allows_first_secret(context: Context, org_id: UUID) -> bool:
    """Return whether the policies allow a secret to an application that has none."""
    with context.database.read() as connection:
        return policies.find_in_force(context.database, connection, org_id).allows_first_secret


def longest_lifetime(context: Context, org_id: UUID) -> int | None:
    """Return how many days a secret of an organization may live; None for any time."""
    with context.database.read() as connection:
        policy = policies.find_in_force(context.database, connection, org_id)
    return policy.longest_secret_days


def _without_prepared(
    context: Context,
    connection: Connection,
    application: Application,
    leaked: UUID,
    now: datetime,
) -> tuple[ApplicationSecret, ...]:
    """End a secret that an automatic rotation has prepared; return the other live ones.

    Whoever knows the leaked one may have prepared it. If it is the leaked one itself, it stays.
    """
    live = application.live_secrets(now)
    prepared = automatic_rotation.find(context.database, connection, application.id).prepared
    if prepared == leaked:
        return live[1:] + live[:1] if len(live) > 1 else live
    for each in live:
        if each.id == prepared:
            store.end_secret(connection, each.id, now)
    return tuple(each for each in live if each.id != prepared)


def _check_not_automatic(context: Context, connection: Connection, app_id: UUID) -> None:
    """Raise OAuthError where the application rotates its secret itself.

    It uses a new secret before it commits to it, which must not end the old one.
    """
    if automatic_rotation.find(context.database, connection, app_id).setting.is_on:
        raise OAuthError(
            "invalid_request",
            Message(
                "Automatic rotation is on, so the old secret cannot end at the first use of the "
                "new one. Choose a time."
            ),
        )


def remove_ended(context: Context, connection: Connection, app_id: UUID, now: datetime) -> None:
    """Remove the secrets that have ended; where they were used stays known."""
    if context.database.has(connection, uses.REVISION):
        uses.keep_last(connection, app_id, now)
    store.remove_ended_secrets(connection, app_id, now)


def _is_later(end: datetime | None, than: datetime | None) -> bool:
    return than is not None and (end is None or end > than)
