"""The table of reminders about keys, and the keys that expire soon."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    Row,
    Table,
    Uuid,
    exists,
    or_,
    select,
)

from gatepass.server.domain.applications.keys.expiry_notices.model import ExpiringKey
from gatepass.server.domain.applications.keys.store import application_key
from gatepass.server.domain.applications.secrets.expiry_notices.model import EARLIEST
from gatepass.server.domain.applications.store import application
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import insert_into

REVISION = "0037"
"""The revision of the tables that has this one."""

key_notice = Table(
    "key_notice",
    metadata,
    Column("key_id", Uuid, ForeignKey("application_key.id", ondelete="CASCADE"), primary_key=True),
    Column("expires_at", Timestamp, nullable=False),
    Column("days", Integer, nullable=False),
)

_newer = application_key.alias()


def expiring(
    connection: Connection,
    now: datetime,
    *,
    org_id: UUID | None = None,
    within: timedelta = EARLIEST,
) -> list[ExpiringKey]:
    """Return the keys that expire soon and that no newer one replaces, ordered by organization.

    Of all organizations, or of one. Those of applications that are disabled, or whose
    organization is suspended, are left out.
    """
    key = application_key.c
    columns: list[ColumnElement[Any]] = [
        key.id,
        application.c.org_id,
        application.c.client_id,
        application.c.name,
        application.c.contact,
        key.name.label("key"),
        key.jwk,
        key.created_at,
        key.expires_at,
        key_notice.c.expires_at.label("reminded_end"),
        key_notice.c.days,
    ]
    query = (
        select(*columns)
        .join_from(application_key, application)
        .join(organization)
        .outerjoin(key_notice)
        .where(
            key.expires_at > now,
            key.expires_at < now + within,
            application.c.disabled_at.is_(None),
            organization.c.suspended_at.is_(None),
            ~is_replaced(now),
            *([] if org_id is None else [application.c.org_id == org_id]),
        )
        .order_by(application.c.org_id, key.expires_at, key.id)
    )
    return [_expiring(row) for row in connection.execute(query)]


def is_replaced(now: datetime) -> ColumnElement[bool]:
    """Return the condition that the application of a key has a newer key that is live."""
    return exists().where(
        _newer.c.application_id == application_key.c.application_id,
        _newer.c.created_at > application_key.c.created_at,
        or_(_newer.c.expires_at.is_(None), _newer.c.expires_at > now),
    )


def record(connection: Connection, key_id: UUID, expires_at: datetime, days: int) -> bool:
    """Write that a reminder is given; return whether no other process has given it."""
    new = insert_into(connection.dialect.name, key_notice).values(
        key_id=key_id, expires_at=expires_at, days=days
    )
    is_another = or_(key_notice.c.expires_at != expires_at, key_notice.c.days > days)
    upsert = new.on_conflict_do_update(
        index_elements=[key_notice.c.key_id],
        set_={"expires_at": expires_at, "days": days},
        where=is_another,
    )
    return connection.execute(upsert.returning(key_notice.c.key_id)).first() is not None


def _expiring(row: Row[Any]) -> ExpiringKey:
    return ExpiringKey(
        key_id=row.id,
        org_id=row.org_id,
        client_id=row.client_id,
        name=row.name,
        contact=row.contact,
        key=row.key,
        kid=json.loads(row.jwk)["kid"],
        created_at=row.created_at,
        expires_at=row.expires_at,
        reminded_end=row.reminded_end,
        reminded_days=row.days,
    )
