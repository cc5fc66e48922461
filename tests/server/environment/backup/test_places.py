"""Files that appear whole or not at all."""

import stat
from pathlib import Path

import pytest

from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.places import reading, writing
from server.environment.backup.places_with_data import files


def test_a_backup_appears_when_it_is_whole_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new.backup"
    with writing(str(file)) as out:
        out.write(b"content")
        assert not file.exists()

    assert files(tmp_path) == ["new.backup"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with reading(str(file)) as stream:
        assert stream.read() == b"content"


def test_nothing_is_left_of_a_backup_that_failed(tmp_path: Path) -> None:
    file = str(tmp_path / "new.backup")
    with pytest.raises(ValueError, match="midway"), writing(file) as out:  # noqa: PT012
        out.write(b"content")
        raise ValueError("midway")

    assert files(tmp_path) == []


def test_an_earlier_backup_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "old.backup"
    file.write_bytes(b"old")

    with pytest.raises(BackupError, match="exists"), writing(str(file)):
        pass
    assert file.read_bytes() == b"old"
    assert files(tmp_path) == ["old.backup"]


def test_two_backups_of_one_name_do_not_mix(tmp_path: Path) -> None:
    file = tmp_path / "new.backup"
    with pytest.raises(BackupError, match="exists"), writing(str(file)) as slow:  # noqa: PT012
        slow.write(b"slow")
        with writing(str(file)) as quick:
            quick.write(b"quick")

    assert file.read_bytes() == b"quick"
    assert files(tmp_path) == ["new.backup"]


@pytest.mark.parametrize("place", ["missing/new.backup", "/proc/new.backup", "."])
def test_a_place_that_cannot_be_used_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackupError), writing(place) as out:
        out.write(b"content")
    with pytest.raises(BackupError, match="cannot be read"), reading(place):
        pass


@pytest.mark.parametrize(
    "place", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://b/k/"]
)
def test_an_address_without_bucket_or_key_is_refused(place: str) -> None:
    with pytest.raises(BackupError, match="s3://BUCKET/KEY"), writing(place):
        pass
