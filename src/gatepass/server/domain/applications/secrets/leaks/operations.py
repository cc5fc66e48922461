"""What becomes of a client secret that leaked: by policy it ends now or after a grace."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.secrets.end import in_words
from gatepass.server.domain.applications.secrets.leaks import notices, store
from gatepass.server.domain.applications.secrets.leaks.model import (
    REPORTERS,
    LeakedSecret,
    end_of_leaked,
)
from gatepass.server.domain.applications.transaction_steps import record_change, void_tokens
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.users.notices import mails
from gatepass.server.storage.database import Connection

log = structlog.get_logger("gatepass.server")


def end_leaked(
    context: Context, connection: Connection, app_id: UUID, leak: LeakedSecret, source: str
) -> datetime | None:
    """End a live secret that leaked, inform its administrators and the operator; return its end.

    The last live secret ends, too: anybody who found it can use it. Nothing is done, and None
    returned, for a secret that has ended, or whose leak is known already.
    """
    application = lookup.find(connection, app_id)
    if application is None:
        return None
    now = application.change_time(context.now())
    live = application.live_secrets(now)
    secret = next((each for each in live if each.id == leak.secret_id), None)
    if secret is None:
        return None
    policy = policies.find_in_force(context.database, connection, application.org_id)
    end = end_of_leaked(policy, secret.expires_at, now)
    if not store.add(connection, replace(leak, has_tokens=end > now)):
        return None
    applications.set_end(connection, replace(secret, expires_at=end))
    if end <= now:
        applications.void_tokens(connection, application, now)
    said = _said(application, secret, leak, end, now)
    by = Actor(REPORTERS[leak.channel], source, application.org_id)
    record_change(connection, by, now, application, "secret.leak_reported", **said)
    reporter = REPORTERS[leak.channel]
    notices.emit_leaked(context, connection, application, secret, end, reporter, now)
    log.warning(
        "secret.leak_reported",
        environment=context.name,
        client_id=application.client_id,
        channel=leak.channel,
        source=source,
        ends=said["end"],
    )
    mail = {**said, "application": application.name, "reporter": reporter}
    org_id = application.org_id
    mails.tell_administrators(context, connection, org_id, "secret_leak_reported", now, **mail)
    notices.reported_secret(context, connection, application, now, said, reporter, source)
    return end


def revoke_tokens_of_ended(context: Context) -> int:
    """Revoke all tokens of applications whose leaked secret has ended; return of how many.

    Who found the secret may have got tokens until then, and no token says with which secret.
    """
    now = context.now()
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return 0
        found = store.ended(connection, now)
    for app_id, secret_id in found:
        with context.database.write() as connection:
            application = lookup.find(connection, app_id)
            if application and store.take_tokens(connection, secret_id):
                by = Actor("system", "", application.org_id)
                void_tokens(context, connection, by, application, now)
    if found:
        context.refresh()
    return len(found)


def leaked_of(context: Context, app_id: UUID) -> dict[UUID, LeakedSecret]:
    """Return which secrets of an application leaked, by their ids."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return {}
        return store.of_application(connection, app_id)


def has_leaked(context: Context, connection: Connection, secret_id: UUID) -> bool:
    """Return whether a secret was reported as leaked."""
    if not context.database.has(connection, store.REVISION):
        return False
    return store.find(connection, secret_id) is not None


def _said(
    application: Application,
    secret: ApplicationSecret,
    leak: LeakedSecret,
    end: datetime,
    now: datetime,
) -> dict[str, str]:
    """Return the detail of the audit entry and of the mail."""
    others = len(application.live_secrets(now)) - 1
    return {
        "secret": secret.last_four or "imported",
        "end": "now, with all tokens" if end <= now else in_words(end),
        "location": leak.location or "not stated",
        "others": "another secret stays" if others else "it is the only live secret",
    }
