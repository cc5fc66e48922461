"""The organizations' table."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Connection, Table, Text, Uuid, insert, select, update

from gatepass.server.domain.organizations.model import Organization
from gatepass.server.storage.database import Timestamp, metadata, partial_index

organization = Table(
    "organization",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("suspended_at", Timestamp),
)
is_suspended = organization.c.suspended_at.is_not(None)
partial_index("ix_organization_suspended", organization.c.id, is_suspended)


def find(connection: Connection, org_id: UUID) -> Organization | None:
    """Return the organization with this id."""
    query = select(organization).where(organization.c.id == org_id)
    row = connection.execute(query).one_or_none()
    return Organization(*row) if row else None


def list_all(connection: Connection) -> list[Organization]:
    """Return every organization, oldest first."""
    query = select(organization).order_by(organization.c.created_at, organization.c.id)
    return [Organization(*row) for row in connection.execute(query)]


def add(connection: Connection, new: Organization) -> None:
    """Add an organization."""
    connection.execute(
        insert(organization).values(id=new.id, name=new.name, created_at=new.created_at)
    )


def set_suspended(connection: Connection, org_id: UUID, at: datetime | None) -> None:
    """Suspend an organization, or resume it (None)."""
    connection.execute(
        update(organization).where(organization.c.id == org_id).values(suspended_at=at)
    )
