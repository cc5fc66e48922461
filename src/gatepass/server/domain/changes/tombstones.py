"""The table of deleted applications and signing keys, which guards must still hear of."""

from datetime import datetime

from sqlalchemy import Column, Connection, Table, Text, delete, select

from gatepass.server.domain.changes import store as changes
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert

deletion = Table(
    "gone",
    metadata,
    Column("kind", Text, primary_key=True),  # CLIENT_GONE or KEY_GONE
    Column("name", Text, primary_key=True),
    Column("at", Timestamp, nullable=False, index=True),
)


def record_deletion(connection: Connection, kind: str, name: str, now: datetime) -> None:
    """Record that an application or a signing key was deleted, and add that to the change feed.

    `kind` is CLIENT_GONE or KEY_GONE of the change feed; `name` is the client id or the `kid`.
    """
    upsert(connection, deletion, kind=kind, name=name, at=now)
    changes.record(connection, kind, name, now)


def prune(connection: Connection, older_than: datetime) -> None:
    """Delete the records of before `older_than`, which no unexpired token can refer to."""
    connection.execute(delete(deletion).where(deletion.c.at < older_than))


def deleted_names(connection: Connection, kind: str, after: str, limit: int) -> list[str]:
    """Return deleted names of one kind that sort after `after`, in their order."""
    of_kind = (deletion.c.kind == kind) & (deletion.c.name > after)
    query = select(deletion.c.name).where(of_kind).order_by(deletion.c.name).limit(limit)
    return [row.name for row in connection.execute(query)]
