"""Who learns of a new or revoked key besides the audit trail: administrators, and webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from gatepass.server.domain.applications.keys.model import ApplicationKey
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.transaction_steps import emit
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.changes.webhooks.model import instant
from gatepass.server.domain.context import Context
from gatepass.server.domain.users.notices import mails
from gatepass.server.storage.database import Connection


def added(
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    new: Sequence[ApplicationKey],
    now: datetime,
) -> None:
    """Write an event for each new key, and mail the organization's administrators once."""
    for each in new:
        emit(
            context,
            connection,
            application,
            "client_key.added",
            now,
            key=each.name,
            kid=each.key.kid,
            expires_at=instant(each.expires_at) if each.expires_at else None,
        )
    _mail(context, connection, by, application, [*map(_words, new)], now, "key_added")


def revoked(
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    key: ApplicationKey,
    now: datetime,
) -> None:
    """Write the event of a revoked key, and mail the organization's administrators."""
    emit(
        context,
        connection,
        application,
        "client_key.revoked",
        now,
        key=key.name,
        kid=key.key.kid,
    )
    _mail(context, connection, by, application, [_words(key)], now, "key_revoked")


def published(
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    before: str,
    after: str,
    now: datetime,
) -> None:
    """Mail administrators that keys at another address, or at none, are accepted from now on."""
    if before == after:
        return
    if before:
        _mail(context, connection, by, application, [before], now, "key_revoked")
    if after:
        _mail(context, connection, by, application, [after], now, "key_added")


def _words(key: ApplicationKey) -> str:
    return f"{key.name} ({key.key.kid})"


def _mail(
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    keys: Sequence[str],
    now: datetime,
    kind: Literal["key_added", "key_revoked"],
) -> None:
    mails.tell_administrators(
        context,
        connection,
        application.org_id,
        kind,
        now,
        by=by.description,
        application=application.name,
        app_id=str(application.id),
        keys="; ".join(keys),
    )
