"""Who learns of a new or removed certificate: administrators by mail, and webhooks."""

from datetime import datetime
from typing import Literal

from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate
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
    new: ApplicationCertificate,
    now: datetime,
) -> None:
    """Write the event of a new certificate, and mail the organization's administrators."""
    emit(
        context,
        connection,
        application,
        "client_certificate.added",
        now,
        certificate=new.name,
        method=new.method,
        recognised_by=new.words,
        expires_at=instant(new.expires_at) if new.expires_at else None,
    )
    _mail(context, connection, by, application, new, now, "certificate_added")


def removed(
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    old: ApplicationCertificate,
    now: datetime,
) -> None:
    """Write the event of a removed certificate, and mail the organization's administrators."""
    emit(
        context,
        connection,
        application,
        "client_certificate.removed",
        now,
        certificate=old.name,
        method=old.method,
        recognised_by=old.words,
    )
    _mail(context, connection, by, application, old, now, "certificate_removed")


def _mail(
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    certificate: ApplicationCertificate,
    now: datetime,
    kind: Literal["certificate_added", "certificate_removed"],
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
        certificate=f"{certificate.name} ({certificate.words})",
    )
