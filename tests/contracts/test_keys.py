import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from contracts.samples import NOW
from gatepass.server.changes import store as changes
from gatepass.server.database import Database
from gatepass.server.keys import store
from gatepass.server.keys.master import MasterKey, MasterKeyError
from gatepass.wire.credential import Mark

_MASTER = MasterKey(b"m" * 32)


def test_keys_come_back_and_each_is_another(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, 1, _MASTER, Mark.LIVE, NOW)
        store.add(connection, 2, _MASTER, Mark.LIVE, NOW)

    with database.read() as connection:
        found = store.all_keys(connection, _MASTER, Mark.LIVE)
        assert store.all_keys(connection, _MASTER, Mark.LIVE) == found
    assert set(found) == {1, 2}
    assert len(set(found.values())) == 2
    assert {len(key) for key in found.values()} == {32}


def test_no_key_lies_in_the_database_in_clear(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, 1, _MASTER, Mark.LIVE, NOW)
        key = store.all_keys(connection, _MASTER, Mark.LIVE)[1]
        encrypted = connection.execute(select(store.sealing_key.c.encrypted)).scalar_one()

    assert key not in encrypted


@pytest.mark.parametrize(
    ("master", "mark"), [(MasterKey(b"x" * 32), Mark.LIVE), (_MASTER, Mark.TEST)]
)
def test_another_master_key_or_environment_opens_nothing(
    database: Database, master: MasterKey, mark: Mark
) -> None:
    with database.write() as connection:
        store.add(connection, 1, _MASTER, Mark.LIVE, NOW)

        with pytest.raises(MasterKeyError):
            store.all_keys(connection, master, mark)


def test_a_new_key_is_told_to_every_process(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, 7, _MASTER, Mark.LIVE, NOW)

        (change,) = changes.after(connection, 0)
        assert (change.kind, change.subject) == (changes.KEY, "7")


def test_a_key_is_never_replaced(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, 1, _MASTER, Mark.LIVE, NOW)

    with pytest.raises(IntegrityError), database.write() as connection:
        store.add(connection, 1, _MASTER, Mark.LIVE, NOW)
