"""Finds credentials that expire soon, and reminds the administrators of their organizations."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from gatepass.server.domain.applications.keys.certificates.ends import store as certificate_ends
from gatepass.server.domain.applications.keys.methods.expiry import store
from gatepass.server.domain.applications.keys.methods.expiry.kinds import KINDS, Kind
from gatepass.server.domain.applications.keys.methods.expiry.model import (
    CredentialKind,
    Expiring,
    days_left,
    due_reminder,
    in_words,
)
from gatepass.server.domain.changes.webhooks.model import instant
from gatepass.server.domain.context import Context
from gatepass.server.domain.users.notices import mails
from gatepass.server.storage.database import Connection

_AT_ONCE = 200  # organizations in one transaction
_MOST_LISTED = 20  # applications in one mail


def find(
    context: Context, kind: CredentialKind, org_id: UUID | None, within: timedelta
) -> list[Expiring]:
    """Return the credentials of a kind that expire within a time, of all organizations or of one.

    Those that a newer one replaces are left out.
    """
    with context.database.read() as connection:
        return store.find(
            KINDS[kind].source,
            context.database,
            connection,
            context.now(),
            org_id=org_id,
            within=within,
        )


def remind(context: Context) -> int:
    """Write the reminders that are due, each once; return how many.

    An administrator gets one mail about each kind of credential, for all applications of the
    organization. Without mail the log and the portal still say it.
    """
    _fill_ends(context)
    return sum(_remind_of(context, kind) for kind in KINDS.values())


def _fill_ends(context: Context) -> None:
    """Write the ends of certificates that a program of the version before added."""
    with context.database.read() as connection:
        if not certificate_ends.lacks_any(context.database, connection):
            return
    found = certificate_ends.MOST_AT_ONCE
    while found == certificate_ends.MOST_AT_ONCE:
        with context.database.write() as connection:
            found = certificate_ends.fill(connection)


def _remind_of(context: Context, kind: Kind) -> int:
    now = context.now()
    with context.database.read() as connection:
        soon = store.find(kind.source, context.database, connection, now)
    found = [each for each in soon if due_reminder(each, now) is not None]
    groups = [(org_id, list(each)) for org_id, each in groupby(found, lambda each: each.org_id)]
    given = 0
    for start in range(0, len(groups), _AT_ONCE):
        with context.database.write() as connection:
            for org_id, due in groups[start : start + _AT_ONCE]:
                given += _remind(context, connection, kind, org_id, due, now)
    return given


def _remind(
    context: Context,
    connection: Connection,
    kind: Kind,
    org_id: UUID,
    due: Sequence[Expiring],
    now: datetime,
) -> int:
    """Record the reminders of one organization, and mail those that are new."""
    new = [each for each in due if _is_new(connection, kind, each, now)]
    for each in new:
        days = days_left(each.expires_at, now)
        kind.log(context.name, each, days)
        context.webhooks.emit(
            connection,
            kind.event,
            now,
            org_id=org_id,
            client_id=each.client_id,
            name=each.name,
            **each.detail,
            expires_at=instant(each.expires_at),
            days=days,
        )
    if new and context.outbox.sends_mail:
        listed = new[:_MOST_LISTED]
        said = {
            "applications": json.dumps([_line(kind, each, now) for each in listed]),
            "details": json.dumps([_said(each, now) for each in listed]),
            "more": str(len(new) - _MOST_LISTED) if len(new) > _MOST_LISTED else "",
        }
        mails.tell_administrators(context, connection, org_id, kind.mail, now, **said)
    return len(new)


def _is_new(connection: Connection, kind: Kind, each: Expiring, now: datetime) -> bool:
    days = due_reminder(each, now)
    return days is not None and store.record(
        kind.source, connection, each.credential_id, each.expires_at, days
    )


def _said(each: Expiring, now: datetime) -> dict[str, str | int]:
    """Return what a mail says of a credential."""
    return {
        "application": each.name,
        "contact": each.contact,
        "expires_at": f"{each.expires_at:%Y-%m-%d %H:%M} UTC",
        "days": days_left(each.expires_at, now),
        **each.detail,
    }


def _line(kind: Kind, each: Expiring, now: datetime) -> tuple[str, str]:
    """Return the same in English, as mail of the version before has it."""
    when = in_words(days_left(each.expires_at, now))
    contact = f"; contact: {each.contact}" if each.contact else ""
    last_day = f"{each.expires_at:%Y-%m-%d %H:%M} UTC"
    return each.name, f"{kind.called(each.detail)} {when} ({last_day}){contact}"
