"""The table of reminders that were given, and the secrets that expire soon."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    Table,
    Uuid,
    exists,
    or_,
    select,
)

from gatepass.server.domain.applications.secrets.automatic_rotation import (
    store as automatic_rotation,
)
from gatepass.server.domain.applications.secrets.expiry_notices.model import (
    EARLIEST,
    ExpiringSecret,
)
from gatepass.server.domain.applications.store import application, secret
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage.database import Database, Timestamp, metadata
from gatepass.server.storage.statements import insert_into

REVISION = "0019"
"""The revision of the tables that has this one."""

secret_notice = Table(
    "secret_notice",
    metadata,
    Column(
        "secret_id",
        Uuid,
        ForeignKey("application_secret.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("expires_at", Timestamp, nullable=False),
    Column("days", Integer, nullable=False),
)

_newer = secret.alias()


def expiring(
    database: Database,
    connection: Connection,
    now: datetime,
    *,
    org_id: UUID | None = None,
    within: timedelta = EARLIEST,
) -> list[ExpiringSecret]:
    """Return the secrets that expire soon and that no newer one replaces, ordered by organization.

    Of all organizations, or of one. Those of applications that are disabled, or whose
    organization is suspended, are left out.
    """
    query = (
        select(
            secret.c.id,
            application.c.org_id,
            application.c.client_id,
            application.c.name,
            application.c.contact,
            secret.c.last_four,
            secret.c.created_at,
            secret.c.expires_at,
            secret_notice.c.expires_at.label("reminded_end"),
            secret_notice.c.days,
        )
        .join_from(secret, application)
        .join(organization)
        .outerjoin(secret_notice)
        .where(
            secret.c.expires_at > now,
            secret.c.expires_at < now + within,
            application.c.disabled_at.is_(None),
            organization.c.suspended_at.is_(None),
            ~is_replaced(database, connection, now),
            *([] if org_id is None else [application.c.org_id == org_id]),
        )
        .order_by(application.c.org_id, secret.c.expires_at, secret.c.id)
    )
    return [ExpiringSecret._make(row) for row in connection.execute(query)]


def is_replaced(database: Database, connection: Connection, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a newer live secret of the application stands beside a secret.

    One that an automatic rotation has prepared and not committed does not replace another.
    """
    has_prepared = database.has(connection, automatic_rotation.REVISION)
    return exists().where(
        _newer.c.application_id == secret.c.application_id,
        _newer.c.created_at > secret.c.created_at,
        or_(_newer.c.expires_at.is_(None), _newer.c.expires_at > now),
        *([~automatic_rotation.is_prepared(_newer.c.id)] if has_prepared else ()),
    )


def record(connection: Connection, secret_id: UUID, expires_at: datetime, days: int) -> bool:
    """Write that a reminder is given; return whether no other process has given it."""
    new = insert_into(connection.dialect.name, secret_notice).values(
        secret_id=secret_id, expires_at=expires_at, days=days
    )
    is_another = or_(secret_notice.c.expires_at != expires_at, secret_notice.c.days > days)
    upsert = new.on_conflict_do_update(
        index_elements=[secret_notice.c.secret_id],
        set_={"expires_at": expires_at, "days": days},
        where=is_another,
    )
    written = connection.execute(upsert.returning(secret_notice.c.secret_id))
    return written.first() is not None
