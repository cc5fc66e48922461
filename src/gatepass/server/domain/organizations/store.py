"""The organizations' table."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Connection, Table, Text, Uuid, select, update

from gatepass.server.domain.organizations.model import Organization
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_many, partial_index

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
