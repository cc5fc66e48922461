"""Who is informed of a leak besides the audit trail: administrators, and the operator."""

from datetime import datetime

import structlog

from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.transaction_steps import emit, record_change
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.changes.webhooks.model import instant
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users.notices import mails
from gatepass.server.storage.database import Connection

ALERT = "leak_alert"
"""The kind of mail that the operator gets."""

log = structlog.get_logger("gatepass.server")


def marked_as_leaked(
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    leaked: ApplicationSecret,
    now: datetime,
) -> None:
    """Write the audit entries, mail the organization's administrators, and alert the operator."""
    ending = leaked.last_four or "imported"
    record_change(connection, by, now, application, "secret.leaked", secret=ending)
    record_change(connection, by, now, application, "application.tokens_voided")
    reporter = "an administrator" if by.kind == "person" else by.description
    emit_leaked(context, connection, application, leaked, now, reporter, now)
    mails.tell_administrators(
        context,
        connection,
        application.org_id,
        "secret_leaked",
        now,
        by=by.description,
        application=application.name,
        app_id=str(application.id),
        secret=ending,
    )
    log.warning(
        "secret.leaked",
        environment=context.name,
        org_id=str(application.org_id),
        client_id=application.client_id,
        last_four=ending,
        by=by.name,
    )
    alert(
        context,
        connection,
        application,
        now,
        secret=ending,
        reporter=by.description,
    )


def emit_leaked(
    context: Context,
    connection: Connection,
    application: Application,
    leaked: ApplicationSecret,
    end: datetime,
    reporter: str,
    now: datetime,
) -> None:
    """Write the event of a secret that leaked and ends then."""
    emit(
        context,
        connection,
        application,
        "secret.leaked",
        now,
        last_four=leaked.last_four,
        ends_at=instant(end),
        reporter=reporter,
    )


def alert(
    context: Context,
    connection: Connection,
    application: Application,
    now: datetime,
    /,
    **values: str,
) -> None:
    """Add a mail to the operator about a credential that leaked.

    `values` say which `secret` leaked (its last four characters, or "imported"; a token where there
    is none), when it ends (`end`; else it was revoked at once), who the `reporter` is, and at which
    `location` and by which `source` it was found, if that is known.
    """
    owner = organizations.find(connection, application.org_id)
    said = {
        "application": application.name,
        "client_id": application.client_id,
        "organization": owner.name if owner else str(application.org_id),
        "at": f"{now:%Y-%m-%d %H:%M} UTC",
        "secret": "",
        "end": "",
        "location": "",
        "source": "",
        **values,
    }
    context.outbox.add_alert(connection, ALERT, said, now)


def reported_secret(
    context: Context,
    connection: Connection,
    application: Application,
    now: datetime,
    said: dict[str, str],
    reporter: str,
    source: str,
) -> None:
    """Alert the operator to a secret that was reported; `said` is what its audit entry says."""
    alert(
        context,
        connection,
        application,
        now,
        secret=said["secret"],
        end="" if said["end"].startswith("now") else said["end"],
        reporter=reporter,
        source=source,
        location=said["location"],
    )
