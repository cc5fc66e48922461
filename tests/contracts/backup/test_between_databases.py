"""Backup, restore and copy between SQLite and PostgreSQL."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from gatepass.server.configuration.settings import Settings, load
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.environment import data_directory, databases
from gatepass.server.environment.backup.copy import copy
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.progress import unseen
from gatepass.server.environment.data_directory import ServingError
from gatepass.server.storage import master_key
from gatepass.server.storage.database import Database
from gatepass.server.storage.migrations import revisions, runner
from gatepass.wire.credential import Mode
from server.environment.backup import places_with_data
from server.environment.backup.backups import KEEP, backed_up, restored
from server.environment.backup.places_with_data import content

BY_A_RESTORE = {
    *("account_link", "audit", "audit_link", "change", "outbox", "pending_login"),
    "single_sign_on_attempt",
    "webhook_delivery",
}


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return places_with_data.make(load(data=tmp_path_factory.mktemp("sqlite") / "data"))


@pytest.fixture
def on_postgresql(cluster: str, tmp_path: Path) -> Callable[[], Settings]:
    """Makes two empty databases, with a data directory for the master key."""

    def make() -> Settings:
        name = f"test_{uuid4().hex}"
        server = Database(cluster.format(name="postgres"))
        autocommit = server.engine.execution_options(isolation_level="AUTOCOMMIT")
        urls = []
        with autocommit.connect() as connection:
            for each in ("a", "b"):
                connection.execute(text(f"CREATE DATABASE {name}{each}"))
                urls.append({"database": cluster.format(name=f"{name}{each}")})
        server.close()
        return load(data=tmp_path / name, production=urls[0], sandbox=urls[1])

    return make


def _same(first: Settings, second: Settings, but: set[str]) -> None:
    for mode in Mode:
        before, after = content(first, mode), content(second, mode)
        assert before.keys() == after.keys()
        assert {name for name in before if before[name] != after[name]} <= but


def test_a_backup_is_restored_into_either_database(
    on_sqlite: Settings, on_postgresql: Callable[[], Settings], tmp_path: Path
) -> None:
    there, back = on_postgresql(), load(data=tmp_path / "back")
    for each in (there, back):
        each.data.mkdir()
        (each.data / "master.key").write_bytes((on_sqlite.data / "master.key").read_bytes())

    restored(there, backed_up(on_sqlite, tmp_path / "1"), options=KEEP)
    _same(on_sqlite, there, BY_A_RESTORE)
    data_directory.prepare(there)
    restored(back, backed_up(there, tmp_path / "2"), options=KEEP)
    _same(there, back, BY_A_RESTORE)
    with pytest.raises(BackupError, match="there is a database with data already"):
        restored(there, str(tmp_path / "1"))


def test_a_copy_to_the_other_database_and_back_changes_no_row(
    on_sqlite: Settings, on_postgresql: Callable[[], Settings], tmp_path: Path
) -> None:
    there, back = on_postgresql(), load(data=tmp_path / "back")

    copy(on_sqlite, there, unseen)
    _same(on_sqlite, there, set())
    copy(there, back, unseen)
    _same(there, back, set())

    key = (on_sqlite.data / "master.key").read_bytes()
    assert (
        (there.data / "master.key").read_bytes() == (back.data / "master.key").read_bytes() == key
    )
    for each in (there, back):  # new rows are numbered after those that were copied
        with data_directory.opened(each, Mode.LIVE) as environment:
            catalogue.add_resource(
                environment.context, OPERATOR, "https://new.example.com", "New", None, None
            )


def test_a_copy_refuses_a_target_with_data_and_the_source_itself(
    on_sqlite: Settings, on_postgresql: Callable[[], Settings]
) -> None:
    there = on_postgresql()
    data_directory.prepare(there)
    before = content(there, Mode.LIVE)

    with pytest.raises(BackupError, match="there is a database with data already"):
        copy(on_sqlite, there, unseen)
    with pytest.raises(BackupError, match="have a database in common"):
        copy(on_sqlite, on_sqlite, unseen)
    with pytest.raises(BackupError, match="there is no data in the source"):
        copy(on_postgresql(), on_postgresql(), unseen)

    assert content(there, Mode.LIVE) == before


def test_a_restore_that_fails_leaves_nothing_on_postgresql(
    on_sqlite: Settings, on_postgresql: Callable[[], Settings], tmp_path: Path
) -> None:
    place = backed_up(on_sqlite, tmp_path / "b")
    target = on_postgresql()
    target.data.mkdir()
    (target.data / "master.key").write_bytes((on_sqlite.data / "master.key").read_bytes())
    sandbox = Database(target.sandbox.database)
    with sandbox.autocommit() as connection:  # it fails when production is written already
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    sandbox.close()

    with pytest.raises(ServingError, match="sandbox: The database cannot be used: it is read-only"):
        restored(target, place)

    production = Database(target.production.database)
    assert production.schema().revision is None
    production.close()


def test_a_backup_of_an_earlier_schema_is_brought_to_this_version(tmp_path: Path) -> None:
    old, target = load(data=tmp_path / "old"), load(data=tmp_path / "target")
    old.data.mkdir()
    key = master_key.load(old.data)
    for mode in Mode:
        with closing(databases.of(old, mode)) as database:
            runner.migrate(database, [each for each in revisions.load() if each.revision <= "0008"])
            with database.write() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO server_key (id, purpose, encrypted, created_at, active_from) "
                    "VALUES (1, 'seal', ?, 1, 1)",
                    (key.encrypt(b"s" * 32, f"gatepass sealing key {mode} 1"),),
                )
                connection.exec_driver_sql(
                    "INSERT INTO organization (id, name, created_at) VALUES (?, 'Acme', 1)",
                    ("0" * 32,),
                )
                connection.exec_driver_sql(
                    "INSERT INTO person (id, org_id, email, email_key, role, created_at, "
                    "updated_at, must_change_password) VALUES (?, ?, ?, ?, 'user', 1, 1, false)",
                    ("1" * 32, "0" * 32, "Zo\u00e9@A.example", "Zo\u00e9@A.example"),
                )
    target.data.mkdir()
    (target.data / "master.key").write_bytes((old.data / "master.key").read_bytes())

    restored(target, backed_up(old, tmp_path / "b"))

    with data_directory.opened(target, Mode.LIVE) as environment:
        [found] = (each for each in environment.keys.opaque_token_keys.values() if each.id == 1)
        assert found.mode is Mode.LIVE
    with closing(databases.of(target, Mode.LIVE)) as database:
        assert database.schema().revision == revisions.NEWEST
        with database.read() as connection:
            query = "SELECT email_key FROM person"
            assert connection.exec_driver_sql(query).scalar() == "zo\u00e9@a.example"
