"""What a backup brings back, and what a restore refuses."""

import gzip
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepass.server.configuration.settings import Settings, load
from gatepass.server.domain.applications.store import application
from gatepass.server.domain.changes.outbox.store import outbox
from gatepass.server.domain.changes.store import change
from gatepass.server.domain.changes.webhooks.store import delivery
from gatepass.server.domain.users.links.store import link
from gatepass.server.environment import data_directory, databases
from gatepass.server.environment.backup.contents import inspect
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.progress import unseen
from gatepass.server.environment.backup.restore import Options
from gatepass.server.environment.data_directory import ServingError
from gatepass.server.storage import deadline
from gatepass.server.storage.database import metadata
from gatepass.server.storage.transfer import target as transfer_target
from gatepass.server.storage.transfer.tables import LEFT_OUT
from gatepass.wire.credential import Mode
from server.environment.backup.backups import (
    KEEP,
    NO_LOCK,
    Lock,
    backed_up,
    give_master_key,
    restored,
)
from server.environment.backup.places_with_data import NOW, column, content, files

CHANGED_BY_A_RESTORE = {
    *("account_link", "audit", "audit_link", "change", "outbox", "pending_login"),
    "single_sign_on_attempt",
    "webhook_delivery",
}


@pytest.fixture
def target(tmp_path: Path) -> Settings:
    return load(data=tmp_path / "target")


@pytest.fixture(scope="module")
def plain(source: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup that is not encrypted, without the master key."""
    return Path(backed_up(source, tmp_path_factory.mktemp("backup") / "plain.backup"))


def _without(tables: dict[str, tuple[int, str]], names: set[str]) -> dict[str, tuple[int, str]]:
    return {name: table for name, table in tables.items() if name not in names}


def _altered(plain: Path, folder: Path, old: bytes, new: bytes) -> str:
    altered = folder / "altered.backup"
    content = gzip.decompress(plain.read_bytes())
    assert old in content
    altered.write_bytes(gzip.compress(content.replace(old, new, 1)))
    return str(altered)


def test_every_table_is_in_a_backup_or_left_out_for_a_reason(plain: Path) -> None:
    found = inspect(str(plain), NO_LOCK, unseen)

    for environment in found.environments:
        assert set(environment.rows) | set(LEFT_OUT) >= set(metadata.tables)
        assert not set(environment.rows) & set(LEFT_OUT)
        assert min(environment.rows.values()) > 0  # so these tests have each of them in sight


def test_a_restore_brings_back_every_row(source: Settings, target: Settings, plain: Path) -> None:
    give_master_key(source, target)

    restored(target, str(plain), options=KEEP)

    assert files(target.data) == ["master.key", "production.sqlite3", "sandbox.sqlite3"]
    for mode in Mode:
        before, after = content(source, mode), content(target, mode)
        assert _without(after, CHANGED_BY_A_RESTORE) == _without(before, CHANGED_BY_A_RESTORE)
        assert after["audit"][0] == before["audit"][0] + 1
    data_directory.prepare(target)


def test_by_default_sessions_end_and_every_token_is_revoked(
    source: Settings, target: Settings, plain: Path
) -> None:
    give_master_key(source, target)
    before = datetime.now(UTC)

    found = restored(target, str(plain)).revived

    for mode in Mode:
        assert content(target, mode)["session"][0] == 0
        assert all(
            each >= before for each in column(target, mode, application, "tokens_revoked_before")
        )
    assert found["production"].sessions_ended == 1
    assert (found["production"].applications, found["production"].secrets_valid) == (1, 0)


def test_mail_that_waited_is_not_sent_again(
    source: Settings, target: Settings, plain: Path
) -> None:
    give_master_key(source, target)
    assert column(source, Mode.LIVE, outbox, "due_at") == [NOW]

    restored(target, str(plain))

    for mode in Mode:
        assert column(target, mode, outbox, "due_at") == [None]


def test_events_that_waited_are_not_sent_again(
    source: Settings, target: Settings, plain: Path
) -> None:
    give_master_key(source, target)
    assert column(source, Mode.LIVE, delivery, "due_at") == [NOW]

    restored(target, str(plain))

    for mode in Mode:
        assert column(target, mode, delivery, "due_at") == [None]


def test_links_that_were_mailed_to_people_do_not_work_again(
    source: Settings, target: Settings, plain: Path
) -> None:
    give_master_key(source, target)
    assert len(column(source, Mode.LIVE, link, "digest")) == 1

    restored(target, str(plain))

    for mode in Mode:
        assert column(target, mode, link, "digest") == []


@pytest.mark.parametrize(
    ("options", "sessions", "are_revoked"),
    [(Options(keep_sessions=True), 1, True), (Options(keep_tokens=True), 0, False)],
)
def test_sessions_or_tokens_can_be_kept(
    source: Settings,
    target: Settings,
    plain: Path,
    options: Options,
    *,
    sessions: int,
    are_revoked: bool,
) -> None:
    give_master_key(source, target)

    restored(target, str(plain), options=options)

    assert content(target, Mode.LIVE)["session"][0] == sessions
    revoked = column(target, Mode.LIVE, application, "tokens_revoked_before")
    assert (revoked != [NOW]) == are_revoked


def test_whoever_follows_the_feed_reads_everything_again(
    source: Settings, target: Settings, plain: Path
) -> None:
    give_master_key(source, target)

    restored(target, str(plain))

    known = column(source, Mode.LIVE, change, "seq")
    (only,) = column(target, Mode.LIVE, change, "seq")
    assert only > max(known)


def test_an_encrypted_backup_with_the_master_key_is_enough(
    source: Settings, target: Settings, tmp_path: Path, lock: Lock
) -> None:
    place = backed_up(source, tmp_path / "b", lock.recipients, with_master_key=True)

    restored(target, place, lock.unlock)

    assert (target.data / "master.key").read_bytes() == (source.data / "master.key").read_bytes()
    data_directory.prepare(target)


def test_without_the_master_key_nothing_is_written(target: Settings, plain: Path) -> None:
    with pytest.raises(BackupError, match=r"Put that key in its place first \(.*master.key\)"):
        restored(target, str(plain))

    assert not target.data.exists()


def test_another_master_key_is_found_before_anything_is_written(
    target: Settings, plain: Path
) -> None:
    target.data.mkdir()
    key = target.data / "master.key"
    key.write_text("A" * 43 + "=\n")

    with pytest.raises(BackupError, match="is not the one of the backup"):
        restored(target, str(plain))

    assert files(target.data) == ["master.key"]
    assert key.read_text() == "A" * 43 + "=\n"


def test_a_place_with_data_is_refused(source: Settings, target: Settings, plain: Path) -> None:
    give_master_key(source, target)
    restored(target, str(plain))
    before = content(target, Mode.LIVE)

    with pytest.raises(BackupError, match="there is a database with data already"):
        restored(target, str(plain))

    assert content(target, Mode.LIVE) == before


def test_a_place_whose_tables_are_empty_is_used(
    source: Settings, target: Settings, plain: Path
) -> None:
    give_master_key(source, target)
    for mode in Mode:
        with closing(databases.of(target, mode)) as database:
            database.migrate()

    restored(target, str(plain))

    assert content(target, Mode.LIVE)["person"][0] == 1


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9, 0.999])
def test_a_backup_that_was_cut_leaves_nothing(
    source: Settings, target: Settings, plain: Path, tmp_path: Path, at: float
) -> None:
    give_master_key(source, target)
    whole = plain.read_bytes()
    cut = tmp_path / "cut.backup"
    cut.write_bytes(whole[: int(len(whole) * at)])

    with pytest.raises(BackupError, match="cut or altered"):
        restored(target, str(cut))

    assert files(target.data) == ["master.key"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"gatepass_backup":1', b'"gatepass_backup":9', "has format 9"),
        (b'"organization",', b'"organisation",', "cut or altered"),
        (b'["', b'["x', "cut or altered"),
    ],
)
def test_a_backup_of_another_version_or_altered_leaves_nothing(
    source: Settings,
    target: Settings,
    plain: Path,
    tmp_path: Path,
    old: bytes,
    new: bytes,
    message: str,
) -> None:
    give_master_key(source, target)

    with pytest.raises(BackupError, match=message):
        restored(target, _altered(plain, tmp_path, old, new))

    assert files(target.data) == ["master.key"]


def test_a_backup_of_a_newer_schema_is_refused(
    source: Settings, target: Settings, tmp_path: Path
) -> None:
    give_master_key(source, target)
    newer = load(data=tmp_path / "newer")
    newer.data.mkdir()
    for name in files(source.data):
        (newer.data / name).write_bytes((source.data / name).read_bytes())
    for mode in Mode:
        with closing(sqlite3.connect(databases.file(newer.data, mode))) as connection:
            connection.execute("UPDATE gatepass_schema SET revision = '9999'")
            connection.commit()
    place = backed_up(newer, tmp_path / "newer.backup")

    with pytest.raises(BackupError, match=r"The backup is of a newer Gatepass \(revision 9999"):
        restored(target, place)

    assert files(target.data) == ["master.key"]


def test_a_full_disk_leaves_nothing(source: Settings, target: Settings, plain: Path) -> None:
    give_master_key(source, target)

    with _small_files(), pytest.raises(ServingError, match="Check the disk"):
        restored(target, str(plain))

    assert files(target.data) == ["master.key"]


def test_a_full_disk_leaves_no_backup(source: Settings, tmp_path: Path) -> None:
    with _small_files(), pytest.raises((BackupError, ServingError)):
        backed_up(source, tmp_path / "new.backup")

    assert files(tmp_path) == []
    assert not [name for name in files(source.data) if name.startswith(".")]


@contextmanager
def _small_files() -> Iterator[None]:
    """Let this process write files of 64 KiB at most, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_backup_does_not_hold_up_writers(source: Settings) -> None:
    with (
        closing(databases.of(source, Mode.LIVE)) as database,
        deadline.each(deadline.COMMAND),
        database.snapshot(),
        database.write() as connection,
    ):
        connection.exec_driver_sql("UPDATE heartbeat SET at = 1")
    assert not [name for name in files(source.data) if name.startswith(".")]


def test_a_server_refuses_a_place_that_a_restore_has_not_finished(
    source: Settings, target: Settings, plain: Path
) -> None:
    give_master_key(source, target)
    for mode in Mode:
        with closing(databases.of(target, mode)) as database:
            transfer_target.begin(database, "0011", "work")

    with pytest.raises(ServingError, match=r"unfinished: a restore or a copy .* Run that command"):
        data_directory.prepare(target)

    with suppress(ServingError):
        restored(target, str(plain), options=KEEP)
    assert content(target, Mode.LIVE)["person"] == content(source, Mode.LIVE)["person"]
    data_directory.prepare(target)
