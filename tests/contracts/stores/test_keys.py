from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from contracts.samples import HOUR, NOW
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.keys import store
from gatepass.server.domain.keys.model import Key
from gatepass.server.storage.database import Database
from gatepass.server.storage.master_key import MasterKey, MasterKeyError
from gatepass.wire.credential import Mode

_MASTER = MasterKey(b"m" * 32)
_KEY = Key(1, "opaque", b"s" * 32, NOW, NOW + HOUR)
_SIGNING = Key(2, "ES256", b"der", NOW, NOW)


def test_keys_come_back_as_they_were(database: Database) -> None:
    with database.write() as connection:
        assert store.next_id(connection) == 1
        store.add(connection, _KEY, _MASTER, Mode.LIVE)
        store.add(connection, _SIGNING, _MASTER, Mode.LIVE)

    with database.read() as connection:
        assert store.all_keys(connection, _MASTER, Mode.LIVE) == (_KEY, _SIGNING)
        assert store.next_id(connection) == 3


def test_no_key_lies_in_the_database_in_clear(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, _KEY, _MASTER, Mode.LIVE)
        encrypted = connection.execute(select(store.server_key.c.encrypted)).scalar_one()

    assert _KEY.secret not in encrypted


@pytest.mark.parametrize(
    ("master", "mode"), [(MasterKey(b"x" * 32), Mode.LIVE), (_MASTER, Mode.TEST)]
)
def test_another_master_key_or_environment_opens_nothing(
    database: Database, master: MasterKey, mode: Mode
) -> None:
    with database.write() as connection:
        store.add(connection, _KEY, _MASTER, Mode.LIVE)

        with pytest.raises(MasterKeyError):
            store.all_keys(connection, master, mode)


def test_a_new_key_and_an_ended_one_are_told_to_every_process(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, replace(_KEY, id=7), _MASTER, Mode.LIVE)
        store.end(connection, [7], NOW + HOUR)

        told = [(change.kind, change.subject) for change in changes.after(connection, 0)]
    assert told == [(changes.KEY, "7"), (changes.KEY, "7")]


def test_a_key_ends_once_and_can_be_deleted(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, _KEY, _MASTER, Mode.LIVE)
        store.end(connection, [1], NOW + HOUR)
        store.end(connection, [1], NOW + 2 * HOUR)
        (kept,) = store.all_keys(connection, _MASTER, Mode.LIVE)
        assert kept.ended_at == NOW + HOUR

        store.remove(connection, [1])
        assert store.all_keys(connection, _MASTER, Mode.LIVE) == ()


def test_a_key_is_never_replaced(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, _KEY, _MASTER, Mode.LIVE)

    with pytest.raises(IntegrityError), database.write() as connection:
        store.add(connection, _KEY, _MASTER, Mode.LIVE)
