"""The table of automatic rotation: a row for each application that has, or had, it turned on."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    Table,
    Text,
    Uuid,
    select,
)

from gatepass.server.domain.applications.secrets.automatic_rotation.model import Rotation, Setting
from gatepass.server.storage.database import Database, Timestamp, metadata
from gatepass.server.storage.statements import upsert

REVISION = "0024"
"""The revision of the tables that has this one."""

automatic_rotation = Table(
    "automatic_rotation",
    metadata,
    Column(
        "application_id",
        Uuid,
        ForeignKey("application.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("is_on", Boolean, nullable=False),
    Column("interval_seconds", Integer, nullable=False),
    Column("overlap_seconds", Integer, nullable=False),
    Column("prepared", Uuid),
    Column("prepared_at", Timestamp),
    Column("committed", Uuid),
    Column("committed_at", Timestamp),
    Column("committed_from", Text, nullable=False, server_default=""),
    Column("replaced", Uuid),
    Column("replaced_end", Timestamp),
)


def find(database: Database, connection: Connection, app_id: UUID) -> Rotation:
    """Return the rotation of an application: off, where the tables are of the version before."""
    if not database.has(connection, REVISION):
        return Rotation()
    own = automatic_rotation.c.application_id == app_id
    row = connection.execute(select(automatic_rotation).where(own)).one_or_none()
    if row is None:
        return Rotation()
    return Rotation(
        Setting(
            row.is_on,
            timedelta(seconds=row.interval_seconds),
            timedelta(seconds=row.overlap_seconds),
        ),
        row.prepared,
        row.prepared_at,
        row.committed,
        row.committed_at,
        row.committed_from,
        row.replaced,
        row.replaced_end,
    )


def put(connection: Connection, app_id: UUID, rotation: Rotation) -> None:
    """Write the rotation of an application in place of what there was."""
    upsert(
        connection,
        automatic_rotation,
        application_id=app_id,
        is_on=rotation.setting.is_on,
        interval_seconds=int(rotation.setting.interval.total_seconds()),
        overlap_seconds=int(rotation.setting.overlap.total_seconds()),
        prepared=rotation.prepared,
        prepared_at=rotation.prepared_at,
        committed=rotation.committed,
        committed_at=rotation.committed_at,
        committed_from=rotation.committed_from,
        replaced=rotation.replaced,
        replaced_end=rotation.replaced_end,
    )


def is_prepared(secret_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a secret is prepared and not committed."""
    prepared = select(automatic_rotation.c.prepared)
    return secret_id.in_(prepared.where(automatic_rotation.c.prepared.is_not(None)))
