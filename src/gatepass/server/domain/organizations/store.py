"""The organizations' table."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    insert,
    select,
    update,
)

from gatepass.server.domain.organizations.model import Organization
from gatepass.server.storage.database import Database, Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_many, partial_index

OPERATING_REVISION = "0028"
"""The revision of the tables that has the one of the operating organization."""

organization = Table(
    "organization",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("suspended_at", Timestamp),
    # what the list reads, in its order
    Index("ix_organization_list", "created_at", "id", "name", "suspended_at"),
)
is_suspended = organization.c.suspended_at.is_not(None)
partial_index("ix_organization_suspended", organization.c.id, is_suspended)

_ONLY = 1
operating = Table(
    "operating_organization",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("org_id", Uuid, ForeignKey("organization.id"), nullable=False, unique=True),
)
"""Which organization is that of the operator's own people: one row at most."""


def find(connection: Connection, org_id: UUID) -> Organization | None:
    """Return the organization with this id."""
    query = select(organization).where(organization.c.id == org_id)
    row = connection.execute(query).one_or_none()
    return Organization(*row) if row else None


def find_many(connection: Connection, org_ids: Iterable[UUID]) -> list[Organization]:
    """Return those of the organizations that exist."""
    given = given_rows(connection.dialect.name, [organization.c.id])
    query = select(organization).where(organization.c.id.in_(select(given.c.id)))
    rows = as_rows((org_id,) for org_id in org_ids)
    return [Organization(*row) for row in connection.execute(query, {"rows": rows})]


def list_all(connection: Connection) -> list[Organization]:
    """Return every organization, oldest first."""
    query = select(organization).order_by(organization.c.created_at, organization.c.id)
    return [Organization(*row) for row in connection.execute(query)]


def list_partners(database: Database, connection: Connection) -> list[Organization]:
    """Return every organization but the operating one, oldest first."""
    query = select(organization).order_by(organization.c.created_at, organization.c.id)
    if database.has(connection, OPERATING_REVISION):
        query = query.where(organization.c.id.not_in(select(operating.c.org_id)))
    return [Organization(*row) for row in connection.execute(query)]


def find_operating(database: Database, connection: Connection) -> UUID | None:
    """Return the id of the operating organization; None before the first operator was added."""
    if not database.has(connection, OPERATING_REVISION):
        return None
    return connection.execute(select(operating.c.org_id)).scalar_one_or_none()


def set_operating(connection: Connection, org_id: UUID) -> None:
    """Mark an organization as the operating one; there must be none yet."""
    connection.execute(insert(operating).values(id=_ONLY, org_id=org_id))


def add(connection: Connection, *new: Organization) -> None:
    """Add organizations."""
    rows = [{"id": each.id, "name": each.name, "created_at": each.created_at} for each in new]
    insert_many(connection, organization, rows)


def rename(connection: Connection, org_id: UUID, name: str) -> None:
    """Rename an organization."""
    connection.execute(update(organization).where(organization.c.id == org_id).values(name=name))


def set_suspended(connection: Connection, org_id: UUID, at: datetime | None) -> None:
    """Suspend an organization, or resume it (None)."""
    connection.execute(
        update(organization).where(organization.c.id == org_id).values(suspended_at=at)
    )
