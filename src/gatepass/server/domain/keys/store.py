"""The keys' table."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    inspect,
    select,
    update,
)

from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.keys.model import Key
from gatepass.server.domain.token_policy import Purpose
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.master_key import MasterKey, MasterKeyError
from gatepass.wire.credential import Mode

server_key = Table(
    "server_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("purpose", Text, nullable=False),
    Column("encrypted", LargeBinary, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("active_from", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
)


def next_id(connection: Connection) -> int:
    """Return the number of the next key."""
    return (connection.execute(select(func.max(server_key.c.id))).scalar_one() or 0) + 1


def add(connection: Connection, new: Key, master: MasterKey, mode: Mode) -> None:
    """Keep a key, encrypted, and tell every process."""
    connection.execute(
        insert(server_key).values(
            id=new.id,
            purpose=new.purpose,
            encrypted=master.encrypt(new.secret, _name(mode, new.id, new.purpose)),
            created_at=new.created_at,
            active_from=new.active_from,
        )
    )
    changes.record(connection, changes.KEY, str(new.id), new.created_at)


def is_any(connection: Connection) -> bool:
    """Return whether a database, which may have no tables yet, has a key."""
    if not inspect(connection).has_table(server_key.name):
        return False
    return connection.execute(select(server_key.c.id).limit(1)).first() is not None


def all_keys(connection: Connection, master: MasterKey, mode: Mode) -> tuple[Key, ...]:
    """Return every key, oldest first; raise MasterKeyError where one cannot be decrypted."""
    return tuple(
        _key(row, master.decrypt_stored(row.encrypted, _name(mode, row.id, row.purpose)))
        for row in connection.execute(select(server_key).order_by(server_key.c.id))
    )


def all_keys_or_known(
    connection: Connection, master: MasterKey, mode: Mode, known: Mapping[int, Key]
) -> tuple[tuple[Key, ...], MasterKeyError | None]:
    """Return every key, and the error of those that are taken from `known` instead.

    After a rotation of the master key a server without the new one goes on with the keys that it
    has in memory. Raises MasterKeyError for one that is not in `known`.
    """
    found: list[Key] = []
    failed: MasterKeyError | None = None
    for row in connection.execute(select(server_key).order_by(server_key.c.id)):
        try:
            secret = master.decrypt_stored(row.encrypted, _name(mode, row.id, row.purpose))
        except MasterKeyError as error:
            if row.id not in known:
                raise
            secret, failed = known[row.id].secret, error
        found.append(_key(row, secret))
    return tuple(found), failed


def encrypt_again(connection: Connection, master: MasterKey, mode: Mode, now: datetime) -> int:
    """Encrypt under the first master key what is not; tell every process; return how many."""
    changed = 0
    for row in connection.execute(select(server_key).order_by(server_key.c.id)).all():
        name = _name(mode, row.id, row.purpose)
        if master.is_under_first(row.encrypted, name):
            continue
        encrypted = master.encrypt(master.decrypt(row.encrypted, name), name)
        own = server_key.c.id == row.id
        connection.execute(update(server_key).where(own).values(encrypted=encrypted))
        changes.record(connection, changes.KEY, str(row.id), now)
        changed += 1
    return changed


def check_decrypts(
    master: MasterKey, mode: Mode, key_id: int, purpose: Purpose, encrypted: bytes
) -> None:
    """Raise MasterKeyError where a key, as it is kept, is encrypted under another master key."""
    master.decrypt(encrypted, _name(mode, key_id, purpose))


def end(connection: Connection, key_ids: Collection[int], now: datetime) -> None:
    """Take keys out of use, and tell every process."""
    ended = server_key.c.id.in_(key_ids) & server_key.c.ended_at.is_(None)
    connection.execute(update(server_key).where(ended).values(ended_at=now))
    for key_id in key_ids:
        changes.record(connection, changes.KEY, str(key_id), now)


def remove(connection: Connection, key_ids: Collection[int]) -> None:
    """Delete keys that prove nothing any more."""
    connection.execute(delete(server_key).where(server_key.c.id.in_(key_ids)))


def _key(row: Row[Any], secret: bytes) -> Key:
    return Key(
        id=row.id,
        purpose=row.purpose,
        secret=secret,
        created_at=row.created_at,
        active_from=row.active_from,
        ended_at=row.ended_at,
    )


def _name(mode: Mode, key_id: int, purpose: Purpose) -> str:
    """Return the one purpose that an encrypted key can be decrypted for."""
    # what keys for opaque tokens have been encrypted for since the first version
    what = "sealing key" if purpose == "opaque" else f"{purpose} key"
    return f"gatepass {what} {mode} {key_id}"
