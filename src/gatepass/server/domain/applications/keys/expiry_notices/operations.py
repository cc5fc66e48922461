"""Reminds the administrators of applications whose last key expires soon."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

import structlog

from gatepass.server.domain.applications.keys.expiry_notices import store
from gatepass.server.domain.applications.keys.expiry_notices.model import ExpiringKey
from gatepass.server.domain.applications.secrets.expiry_notices.model import (
    days_left,
    due_reminder,
    in_words,
)
from gatepass.server.domain.changes.webhooks.model import instant
from gatepass.server.domain.context import Context
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.notices import mails
from gatepass.server.storage.database import Connection

_AT_ONCE = 200  # organizations in one transaction
_MOST_LISTED = 20  # applications in one mail

log = structlog.get_logger("gatepass.server")


def find(context: Context, org_id: UUID | None, within: timedelta) -> list[ExpiringKey]:
    """Return the keys that expire within a time, of all organizations or of one."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return []
        return store.expiring(connection, context.now(), org_id=org_id, within=within)


def remind(context: Context) -> int:
    """Write the reminders that are due, each once; return how many.

    An administrator gets one mail for all applications of the organization. Without mail the log
    and the portal still say it.
    """
    now = context.now()
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return 0
        soon = store.expiring(connection, now)
    found = [each for each in soon if due_reminder(each, now) is not None]
    groups = [(org_id, list(each)) for org_id, each in groupby(found, lambda each: each.org_id)]
    given = 0
    for start in range(0, len(groups), _AT_ONCE):
        with context.database.write() as connection:
            for org_id, due in groups[start : start + _AT_ONCE]:
                given += _remind(context, connection, org_id, due, now)
    return given


def _remind(
    context: Context,
    connection: Connection,
    org_id: UUID,
    due: Sequence[ExpiringKey],
    now: datetime,
) -> int:
    """Record the reminders of one organization, and mail those that are new."""
    new = [each for each in due if _is_new(connection, each, now)]
    for each in new:
        log.warning(
            "client_key.expiring",
            environment=context.name,
            client_id=each.client_id,
            kid=each.kid,
            days=days_left(each.expires_at, now),
        )
        context.webhooks.emit(
            connection,
            "client_key.expiring",
            now,
            org_id=org_id,
            client_id=each.client_id,
            name=each.name,
            key=each.key,
            kid=each.kid,
            expires_at=instant(each.expires_at),
            days=days_left(each.expires_at, now),
        )
    if new and context.outbox.sends_mail:
        said = {
            "applications": json.dumps([_line(each, now) for each in new[:_MOST_LISTED]]),
            "more": str(len(new) - _MOST_LISTED) if len(new) > _MOST_LISTED else "",
        }
        for person in users.of_organization(connection, org_id, where={"role": "admin"}):
            mails.tell(context, connection, person, "keys_expiring", now, **said)
    return len(new)


def _is_new(connection: Connection, key: ExpiringKey, now: datetime) -> bool:
    days = due_reminder(key, now)
    return days is not None and store.record(connection, key.key_id, key.expires_at, days)


def _line(key: ExpiringKey, now: datetime) -> tuple[str, str]:
    when = in_words(days_left(key.expires_at, now))
    contact = f"; contact: {key.contact}" if key.contact else ""
    return key.name, f"the key {key.key} {when} ({key.expires_at:%Y-%m-%d %H:%M} UTC){contact}"
