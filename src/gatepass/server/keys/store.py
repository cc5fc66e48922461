"""The sealing keys' table."""

import secrets
from datetime import datetime

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, insert, select

from gatepass.server.changes import store as changes
from gatepass.server.database import Moment, metadata
from gatepass.server.keys.master import MasterKey
from gatepass.wire.credential import Mark

sealing_key = Table(
    "sealing_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("encrypted", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

_SIZE = 32  # bytes


def add(connection: Connection, key_id: int, master: MasterKey, mark: Mark, now: datetime) -> None:
    """Make a sealing key and keep it encrypted."""
    encrypted = master.encrypt(secrets.token_bytes(_SIZE), _purpose(mark, key_id))
    connection.execute(insert(sealing_key).values(id=key_id, encrypted=encrypted, created_at=now))
    changes.record(connection, changes.KEY, str(key_id), now)


def all_keys(connection: Connection, master: MasterKey, mark: Mark) -> dict[int, bytes]:
    """Give every sealing key by its id; the highest id is the one that seals."""
    rows = connection.execute(select(sealing_key.c.id, sealing_key.c.encrypted))
    return {row.id: master.decrypt(row.encrypted, _purpose(mark, row.id)) for row in rows}


def _purpose(mark: Mark, key_id: int) -> str:
    return f"gatepass sealing key {mark} {key_id}"
