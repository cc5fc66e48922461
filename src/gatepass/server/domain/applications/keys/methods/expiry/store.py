"""The tables of reminders that were given, and the credentials that expire soon.

How a kind of credential is read is data, a `Source`; the statements are made from it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Table,
    and_,
    or_,
    select,
)

from gatepass.server.domain.applications.keys.methods.expiry.model import (
    EARLIEST,
    CredentialKind,
    Expiring,
    Validity,
)
from gatepass.server.domain.applications.store import application
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage.database import Database
from gatepass.server.storage.statements import insert_into

_Condition = Callable[[Database, Connection, datetime], ColumnElement[bool]]


class Source(NamedTuple):
    """How one kind of credential is read, and in which table its reminders are.

    `revision` is that of the tables that have them. A credential that `is_replaced` by a newer one
    which works is not one of them.
    """

    kind: CredentialKind
    revision: str
    credentials: Table
    rows: FromClause
    created_at: ColumnElement[datetime]
    expires_at: ColumnElement[datetime]
    is_renewed: ColumnElement[bool]
    notices: Table
    columns: tuple[ColumnElement[Any], ...]
    detail: Callable[[Row[Any]], Mapping[str, str]]
    is_replaced: _Condition

    def is_expiring(
        self, database: Database, connection: Connection, now: datetime, within: timedelta
    ) -> ColumnElement[bool]:
        """Return the condition that a credential expires soon and that no newer one replaces it."""
        return and_(
            self.expires_at > now,
            self.expires_at < now + within,
            ~self.is_replaced(database, connection, now),
        )


def find(
    source: Source,
    database: Database,
    connection: Connection,
    now: datetime,
    *,
    org_id: UUID | None = None,
    within: timedelta = EARLIEST,
) -> list[Expiring]:
    """Return the credentials of a kind that expire soon, ordered by organization.

    Of all organizations, or of one. Those of applications that are disabled, or whose
    organization is suspended, are left out, and so are those that a newer one replaces.
    """
    if not database.has(connection, source.revision):
        return []
    columns: list[ColumnElement[Any]] = [
        source.credentials.c.id.label("credential_id"),
        application.c.org_id,
        application.c.client_id,
        application.c.name.label("application"),
        application.c.contact,
        source.created_at.label("works_from"),
        source.expires_at.label("works_until"),
        source.is_renewed.label("is_renewed"),
        source.notices.c.expires_at.label("reminded_end"),
        source.notices.c.days.label("reminded_days"),
        *source.columns,
    ]
    notice_id = source.notices.primary_key.columns[0]
    query = (
        select(*columns)
        .select_from(source.rows)
        .join(application, application.c.id == source.credentials.c.application_id)
        .join(organization)
        .outerjoin(source.notices, notice_id == source.credentials.c.id)
        .where(
            source.is_expiring(database, connection, now, within),
            application.c.disabled_at.is_(None),
            organization.c.suspended_at.is_(None),
            *([] if org_id is None else [application.c.org_id == org_id]),
        )
        .order_by(application.c.org_id, source.expires_at, source.credentials.c.id)
    )
    return [_expiring(source, row) for row in connection.execute(query)]


def record(
    source: Source, connection: Connection, credential_id: UUID, expires_at: datetime, days: int
) -> bool:
    """Write that a reminder is given; return whether no other process has given it."""
    table = source.notices
    key = table.primary_key.columns[0]
    new = insert_into(connection.dialect.name, table).values(
        {key.name: credential_id, "expires_at": expires_at, "days": days}
    )
    upsert = new.on_conflict_do_update(
        index_elements=[key],
        set_={"expires_at": expires_at, "days": days},
        where=or_(table.c.expires_at != expires_at, table.c.days > days),
    )
    return connection.execute(upsert.returning(key)).first() is not None


def _expiring(source: Source, row: Row[Any]) -> Expiring:
    return Expiring(
        kind=source.kind,
        credential_id=row.credential_id,
        org_id=row.org_id,
        client_id=row.client_id,
        name=row.application,
        contact=row.contact,
        detail=source.detail(row),
        validity=Validity(row.works_from, row.works_until, bool(row.is_renewed)),
        reminded_end=row.reminded_end,
        reminded_days=row.reminded_days,
    )
