"""The steps that operations on an application have in common, in one transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import reduce
from uuid import UUID

from gatepass.server.domain.applications import lookup, store
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.values import texts_of
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.secrets.end import check_end, in_words
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes.webhooks.events import Value
from gatepass.server.domain.changes.webhooks.model import instant
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


@contextmanager
def begin_change(
    context: Context, app_id: UUID, org_id: UUID | None
) -> Iterator[tuple[Connection, Application, datetime]]:
    """Open a writing transaction on an application, as it is now."""
    with context.database.write() as connection:
        application = find_owned(connection, app_id, org_id)
        yield connection, application, application.change_time(context.now())
    context.refresh()


def find_owned(connection: Connection, app_id: UUID, org_id: UUID | None) -> Application:
    """Return an application of `org_id` (None: of any); raise NotFoundError for another."""
    found = lookup.find(connection, app_id)
    if found is None or (org_id is not None and found.org_id != org_id):
        raise NotFoundError(str(app_id))
    return found


def record_change(
    connection: Connection,
    by: Actor,
    now: datetime,
    application: Application,
    action: str,
    **detail: str,
) -> None:
    """Write the audit entry and the change, in the transaction of the change itself."""
    record = entry(
        by,
        now,
        action,
        application.name,
        org_id=application.org_id,
        client_id=application.client_id,
        **detail,
    )
    audit.record(connection, record)
    changes.record(connection, changes.APPLICATION, str(application.id), now)


def emit(
    context: Context,
    connection: Connection,
    application: Application,
    event: str,
    now: datetime,
    **data: Value,
) -> None:
    """Write an event about an application, in the transaction of the change itself."""
    context.webhooks.emit(
        connection,
        event,
        now,
        org_id=application.org_id,
        client_id=application.client_id,
        name=application.name,
        **data,
    )


def void_tokens(
    context: Context, connection: Connection, by: Actor, application: Application, now: datetime
) -> None:
    """Make every token that the application holds invalid, with audit entry and event."""
    store.void_tokens(connection, application, now)
    record_change(connection, by, now, application, "application.tokens_voided")
    emit(context, connection, application, "application.tokens_revoked", now)


def emit_rotated(
    context: Context,
    connection: Connection,
    application: Application,
    new: ApplicationSecret,
    old_end: datetime | None,
    now: datetime,
) -> None:
    """Write the event of a new secret; `old_end` is when the old one ends, if that is known."""
    emit(
        context,
        connection,
        application,
        "secret.rotated",
        now,
        last_four=new.last_four,
        old_secret_expires_at=instant(old_end) if old_end else None,
    )


def check_secret_end(
    context: Context, connection: Connection, org_id: UUID, secret: ApplicationSecret, now: datetime
) -> None:
    """Raise OAuthError where a secret ends in the past, or later than the policies allow."""
    policy = policies.find_in_force(context.database, connection, org_id)
    check_end(secret.expires_at, secret.created_at, now, policy.longest_secret_days)


def check_first_secret(context: Context, connection: Connection, org_id: UUID) -> None:
    """Raise OAuthError where the policies do not allow an application without a secret one."""
    if not policies.find_in_force(context.database, connection, org_id).allows_first_secret:
        raise OAuthError(
            "invalid_request",
            Message(
                "By the policy, applications that have no secret get none. Give it a public key "
                "instead."
            ),
            log_detail="the policy new_applications is keys",
        )


def check_new(context: Context, connection: Connection, new: Application, now: datetime) -> None:
    """Raise OAuthError where a new application may not have its scopes, or a secret, or its end."""
    if new.secrets:
        check_first_secret(context, connection, new.org_id)
    for each in new.secrets:
        check_secret_end(context, connection, new.org_id, each, now)
    check_administrative(context, connection, new)


def check_administrative(context: Context, connection: Connection, new: Application) -> None:
    """Raise OAuthError where an application may not have scopes of the Admin API.

    Only one of the operating organization may, and then it has no other scopes: a token for the
    Admin API is good for nothing else.
    """
    own = sum(name in admin_scopes.NAMES for name in new.scope.names)
    if not own:
        return
    if organizations.find_operating(context.database, connection) != new.org_id:
        raise OAuthError(
            "invalid_scope",
            Message(
                "Only applications of the operating organization may have scopes of the Admin API."
            ),
        )
    if own < len(new.scope.names):
        raise OAuthError(
            "invalid_scope",
            Message("An application with scopes of the Admin API has no other scopes."),
        )


def check_seen(application: Application, seen: Mapping[str, str] | None) -> None:
    """Raise OAuthError (409) where a field is no longer as it was seen; it says what it is now."""
    stored = texts_of(application)
    labels = {field.name: field.label for group in table.GROUPS for field in group.fields}
    changed = [
        Message(
            "{label} was {before}, and is {after} now.",
            label=labels[name],
            before=_quoted(before),
            after=_quoted(stored[name]),
        )
        for name, before in (seen or {}).items()
        if name in stored and stored[name] != before
    ]
    if changed:
        raise OAuthError(
            "invalid_request",
            Message(
                "Somebody else changed this meanwhile. {changes} "
                "Nothing was changed by you. Send the form again if it shall be as you typed it.",
                changes=reduce(_joined, changed),
            ),
            status=409,
        )


def _joined(first: Message, second: Message) -> Message:
    return Message("{first} {second}", first=first, second=second)


def _quoted(text: str) -> str:
    return f"'{' '.join(text.split())}'" if text else Message("empty")


def end_in_words(end: datetime | None) -> dict[str, str]:
    """Return the detail of an audit entry that says when a new secret ends, if it does."""
    return {} if end is None else {"secret_end": in_words(end)}
