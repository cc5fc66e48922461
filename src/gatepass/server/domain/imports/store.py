"""What was imported already: so that doing it again brings nothing twice and nothing back."""

from collections.abc import Iterable
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
    select,
)

from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_many

_CACHE = -256_000  # KiB of SQLite's pages, where the indexes of millions of rows grow
_CHECKPOINT = 20_000  # pages of SQLite's log, so that one that changes often is copied seldom

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


def find_many(
    connection: Connection, source: str, client_ids: Iterable[str]
) -> dict[str, Imported]:
    """Return what was imported from `source` under these client ids."""
    given = given_rows(connection.dialect.name, [imported.c.client_id])
    is_given = imported.c.client_id.in_(select(given.c.client_id))
    query = select(imported).where(imported.c.source == source, is_given)
    rows = as_rows((client_id,) for client_id in client_ids)
    return {row.client_id: Imported(*row) for row in connection.execute(query, {"rows": rows})}


def organizations_of(connection: Connection, source: str, owners: Iterable[str]) -> dict[str, UUID]:
    """Return the organizations that owners' applications went to the last time."""
    given = given_rows(connection.dialect.name, [imported.c.owner])
    latest = (
        select(imported.c.org_id)
        .where(imported.c.source == source, imported.c.owner == given.c.owner)
        .order_by(imported.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = as_rows((owner,) for owner in owners)
    found = connection.execute(select(given.c.owner, latest), {"rows": rows})
    return {owner: org_id for owner, org_id in found if org_id is not None}


def is_any(connection: Connection) -> bool:
    """Return whether anything was ever imported."""
    return connection.execute(select(imported.c.source).limit(1)).first() is not None


def add(connection: Connection, *new: Imported) -> None:
    """Remember applications that are being imported."""
    insert_many(connection, imported, [each._asdict() for each in new])


def prepare(connection: Connection) -> None:
    """Prepare the connection of a command for many insertions."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = {_CACHE}")
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
