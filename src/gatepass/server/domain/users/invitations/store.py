"""The invitations' table."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    delete,
    insert,
    select,
    update,
)

from gatepass.server.domain.users.invitations.model import KEPT, Invitation
from gatepass.server.domain.users.model import email_key
from gatepass.server.storage.database import Timestamp, metadata

invitation = Table(
    "invitation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
    UniqueConstraint("org_id", "email_key"),
)
_whole = select(*(invitation.c[name] for name in Invitation._fields))


def find(connection: Connection, invitation_id: UUID) -> Invitation | None:
    """Return the invitation with this id."""
    row = connection.execute(_whole.where(invitation.c.id == invitation_id)).one_or_none()
    return Invitation(*row) if row else None


def find_by_email(connection: Connection, org_id: UUID, email: str) -> Invitation | None:
    """Return an organization's invitation of an address, however it is spelled."""
    is_it = (invitation.c.org_id == org_id) & (invitation.c.email_key == email_key(email))
    row = connection.execute(_whole.where(is_it)).one_or_none()
    return Invitation(*row) if row else None


def of_organization(connection: Connection, org_id: UUID) -> Sequence[Invitation]:
    """Return an organization's invitations, the newest first."""
    order = invitation.c.created_at.desc(), invitation.c.id
    rows = connection.execute(_whole.where(invitation.c.org_id == org_id).order_by(*order))
    return [Invitation(*row) for row in rows]


def add(connection: Connection, new: Invitation) -> None:
    """Add an invitation."""
    values = {**new._asdict(), "email_key": email_key(new.email)}
    connection.execute(insert(invitation).values(values))


def extend(connection: Connection, invitation_id: UUID, until: datetime) -> None:
    """Set until when an invitation can be accepted."""
    changed = update(invitation).where(invitation.c.id == invitation_id)
    connection.execute(changed.values(expires_at=until))


def remove(connection: Connection, invitation_id: UUID) -> None:
    """Delete an invitation and its link."""
    connection.execute(delete(invitation).where(invitation.c.id == invitation_id))


def prune(connection: Connection, now: datetime) -> None:
    """Delete invitations that expired long ago."""
    connection.execute(delete(invitation).where(invitation.c.expires_at < now - KEPT))
