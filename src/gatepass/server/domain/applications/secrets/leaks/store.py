"""The table of secrets that leaked."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Table, Text, Uuid, select, update

from gatepass.server.domain.applications.secrets.leaks.model import LeakedSecret
from gatepass.server.domain.applications.store import secret
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import insert_into

REVISION = "0023"
"""The revision of the tables that has this one, and the index of the secrets' digests."""

leaked_secret = Table(
    "leaked_secret",
    metadata,
    Column(
        "secret_id",
        Uuid,
        ForeignKey("application_secret.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("reported_at", Timestamp, nullable=False),
    Column("channel", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("has_tokens", Boolean, nullable=False),
)


def add(connection: Connection, new: LeakedSecret) -> bool:
    """Note that a secret leaked; return False where that is known already."""
    row = insert_into(connection.dialect.name, leaked_secret).values(**asdict(new))
    written = connection.execute(row.on_conflict_do_nothing().returning(leaked_secret.c.secret_id))
    return written.first() is not None


def find(connection: Connection, secret_id: UUID) -> LeakedSecret | None:
    """Return what is known of the leak of a secret."""
    query = select(leaked_secret).where(leaked_secret.c.secret_id == secret_id)
    row = connection.execute(query).first()
    return LeakedSecret(*row) if row else None


def of_application(connection: Connection, app_id: UUID) -> dict[UUID, LeakedSecret]:
    """Return the leaks of an application's secrets, by the ids of the secrets."""
    query = select(leaked_secret).join(secret).where(secret.c.application_id == app_id)
    found = [LeakedSecret(*row) for row in connection.execute(query)]
    return {each.secret_id: each for each in found}


def digests(connection: Connection, given: list[bytes]) -> dict[bytes, tuple[UUID, UUID]]:
    """Return the ids of application and secret by those of the digests that a secret has."""
    columns = select(secret.c.digest, secret.c.application_id, secret.c.id)
    rows = connection.execute(columns.where(secret.c.digest.in_(given)))
    return {row.digest: (row.application_id, row.id) for row in rows}


def ended(connection: Connection, now: datetime) -> list[tuple[UUID, UUID]]:
    """Return application and id of the leaked secrets that have ended, and left tokens."""
    query = (
        select(secret.c.application_id, secret.c.id)
        .join(leaked_secret)
        .where(leaked_secret.c.has_tokens, secret.c.expires_at <= now)
    )
    return [(row.application_id, row.id) for row in connection.execute(query)]


def take_tokens(connection: Connection, secret_id: UUID) -> bool:
    """Note that the tokens are revoked; return whether no other process has done so."""
    own = (leaked_secret.c.secret_id == secret_id) & leaked_secret.c.has_tokens
    taken = connection.execute(update(leaked_secret).where(own).values(has_tokens=False))
    return taken.rowcount == 1
