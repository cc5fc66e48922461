"""The tables of applications' keys."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Row,
    Table,
    Text,
    Update,
    Uuid,
    bindparam,
    delete,
    select,
    update,
)

from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.keys.model import ApplicationKey, KeySetting
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import given_rows, insert_many, upsert

REVISION = "0033"
"""The revision of the tables that has these."""

application_key = Table(
    "application_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "application_id",
        Uuid,
        ForeignKey("application.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name", Text, nullable=False),
    Column("jwk", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Timestamp),
    Column("last_used_at", Timestamp),
    Column("last_used_from", Text),
    Column("last_used_agent", Text),
)
application_key_setting = Table(
    "application_key_setting",
    metadata,
    Column(
        "application_id", Uuid, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("jwks_uri", Text, nullable=False),
    Column("legacy_audience", Boolean, nullable=False),
)
_of_application = (
    select(application_key)
    .where(application_key.c.application_id == bindparam("app_id"))
    .order_by(application_key.c.created_at, application_key.c.id)
)
_setting = select(application_key_setting).where(
    application_key_setting.c.application_id == bindparam("app_id")
)


def add(connection: Connection, app_id: UUID, new: Sequence[ApplicationKey]) -> None:
    """Add keys to an application."""
    rows = [
        {
            "id": each.id,
            "application_id": app_id,
            "name": each.name,
            "jwk": json.dumps(each.key.jwk()),
            "created_at": each.created_at,
            "created_by": each.created_by,
            "expires_at": each.expires_at,
        }
        for each in new
    ]
    insert_many(connection, application_key, rows)


def of_application(connection: Connection, app_id: UUID) -> list[ApplicationKey]:
    """Return the keys of an application, the oldest first."""
    return [_key(row) for row in connection.execute(_of_application, {"app_id": app_id})]


def setting(connection: Connection, app_id: UUID) -> KeySetting:
    """Return how an application uses keys."""
    row = connection.execute(_setting, {"app_id": app_id}).one_or_none()
    return KeySetting(row.jwks_uri, row.legacy_audience) if row else KeySetting()


def put_setting(connection: Connection, app_id: UUID, new: KeySetting) -> None:
    """Set how an application uses keys."""
    upsert(
        connection,
        application_key_setting,
        application_id=app_id,
        jwks_uri=new.jwks_uri,
        legacy_audience=new.legacy_audience,
    )


def change(connection: Connection, key: ApplicationKey) -> None:
    """Write the name of a key, and when it ends."""
    connection.execute(
        update(application_key)
        .where(application_key.c.id == key.id)
        .values(name=key.name, expires_at=key.expires_at)
    )


def remove(connection: Connection, key_id: UUID) -> None:
    """Delete a key."""
    connection.execute(delete(application_key).where(application_key.c.id == key_id))


def record_use(connection: Connection, rows: str) -> None:
    """Write the last uses of keys, as `as_use_rows` of the applications' store returns them.

    Rows of other ids, as those of secrets, change nothing.
    """
    if rows:
        connection.execute(_noting_use(connection.dialect.name), {"rows": rows})


@cache
def _noting_use(dialect: str) -> Update:
    table = application_key.c
    columns = table["id", "last_used_at", "last_used_from", "last_used_agent"]
    new = given_rows(dialect, columns)
    values = {column: new.c[column.key] for column in columns if column is not table.id}
    return update(application_key).where(table.id == new.c.id).values(values)


def _key(row: Row[Any]) -> ApplicationKey:
    return ApplicationKey(
        id=row.id,
        name=row.name,
        key=ClientKey.from_jwk(json.loads(row.jwk)),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        last_used_agent=row.last_used_agent,
    )
