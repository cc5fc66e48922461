"""The secret in a file is replaced in one step, and keeps its rights."""

import os
import stat
from pathlib import Path

import pytest

from gatepass.client.errors import ChangedMeanwhile, ConfigurationError
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.writing.file import FileStore
from gatepass.wire.secret import Secret

OLD, NEW = Secret("gps-old"), Secret("gps-new")


def store_in(path: Path, text: str = "gps-old\n", mode: int = 0o600) -> FileStore:
    path.write_text(text)
    path.chmod(mode)
    return FileStore(FromFile(path))


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
@pytest.mark.parametrize("end", ["", "\n"])
def test_the_file_keeps_mode_owner_and_line_break(tmp_path: Path, mode: int, end: str) -> None:
    path = tmp_path / "secret"
    store = store_in(path, f"gps-old{end}", mode)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    before = path.stat()

    store.check()
    store.write(NEW, OLD)

    after = path.stat()
    assert path.read_text() == f"gps-new{end}"
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert names_in(tmp_path) == ["secret"]
    assert store.read() == NEW


def test_a_reader_has_the_old_or_the_new_file_and_never_a_part(tmp_path: Path) -> None:
    store = store_in(tmp_path / "secret")
    with (tmp_path / "secret").open("rb") as opened:
        store.write(NEW, OLD)

        assert opened.read() == b"gps-old\n"
    assert (tmp_path / "secret").read_bytes() == b"gps-new\n"


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    store_in(tmp_path / "real" / "secret")
    link = tmp_path / "secret"
    link.symlink_to(tmp_path / "real" / "secret")

    FileStore(FromFile(link)).write(NEW, OLD)

    assert link.is_symlink()
    assert (tmp_path / "real" / "secret").read_text() == "gps-new\n"


def test_what_a_killed_run_left_beside_it_is_replaced(tmp_path: Path) -> None:
    store = store_in(tmp_path / "secret")
    (tmp_path / ".secret.gatepass-new").write_text("a part of")

    store.write(NEW, OLD)

    assert names_in(tmp_path) == ["secret"]


def test_a_trap_beside_it_is_not_followed(tmp_path: Path) -> None:
    store = store_in(tmp_path / "secret")
    (tmp_path / "victim").write_text("keep this")
    (tmp_path / ".secret.gatepass-new").symlink_to(tmp_path / "victim")

    store.write(NEW, OLD)

    assert (tmp_path / "victim").read_text() == "keep this"
    assert (tmp_path / "secret").read_text() == "gps-new\n"
    assert not (tmp_path / "secret").is_symlink()


def test_a_file_that_was_changed_meanwhile_is_left(tmp_path: Path) -> None:
    store = store_in(tmp_path / "secret", "of another program\n")

    with pytest.raises(ChangedMeanwhile) as refused:
        store.write(NEW, OLD)

    assert "of another program" not in str(refused.value)
    assert (tmp_path / "secret").read_text() == "of another program\n"


def test_a_full_disk_leaves_the_old_secret_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path / "secret")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left on device"):
        store.write(NEW, OLD)

    assert names_in(tmp_path) == ["secret"]
    assert store.read() == OLD


def test_what_cannot_be_written_is_said_before_anything_is_done(tmp_path: Path) -> None:
    missing = FileStore(FromFile(tmp_path / "none"))
    no_folder = FileStore(FromFile(tmp_path / "no" / "secret"))

    with pytest.raises(ConfigurationError, match="cannot be replaced"):
        missing.check()
    with pytest.raises(ConfigurationError, match="cannot be replaced"), no_folder.locked():
        pass


def test_a_file_of_another_user_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path / "secret")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    with pytest.raises(ConfigurationError, match="belongs to another user"):
        store.check()


def test_a_lock_is_free_after_its_run(tmp_path: Path) -> None:
    store = store_in(tmp_path / "secret")
    with (
        store.locked(),
        pytest.raises(ChangedMeanwhile, match="another rotation"),
        FileStore(FromFile(tmp_path / "secret")).locked(),
    ):
        pass

    with store.locked():
        assert store.read() == OLD
