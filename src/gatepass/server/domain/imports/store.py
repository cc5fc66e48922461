"""What was imported already: so that doing it again brings nothing twice and nothing back."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    insert,
    select,
)

from gatepass.server.storage.database import Timestamp, metadata

imported = Table(
    "imported",
    metadata,
    Column("source", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("org_id", Uuid, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("at", Timestamp, nullable=False),
    Index(None, "source", "owner"),
)


class Imported(NamedTuple):
    """One application that was imported; it may be deleted by now.

    `owner` is its group there, and `fingerprint` shows whether the secret there has changed.
    """

    source: str
    client_id: str
    owner: str
    org_id: UUID
    fingerprint: bytes
    at: datetime


def find(connection: Connection, source: str, client_id: str) -> Imported | None:
    """Return what was imported from `source` under this client id."""
    query = select(imported).where(imported.c.source == source, imported.c.client_id == client_id)
    row = connection.execute(query).one_or_none()
    return Imported(*row) if row else None


def organization_of(connection: Connection, source: str, owner: str) -> UUID | None:
    """Return the organization that an owner's applications went to the last time."""
    query = (
        select(imported.c.org_id)
        .where(imported.c.source == source, imported.c.owner == owner)
        .order_by(imported.c.at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def is_any(connection: Connection) -> bool:
    """Return whether anything was ever imported."""
    return connection.execute(select(imported.c.source).limit(1)).first() is not None


def add(connection: Connection, new: Imported) -> None:
    """Remember an application that is being imported."""
    connection.execute(insert(imported).values(**new._asdict()))
