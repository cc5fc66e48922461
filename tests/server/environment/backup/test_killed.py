"""Work that is ended by SIGKILL, and run again."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatepass.server.configuration.settings import Settings, load
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.keys import operations
from gatepass.server.domain.keys import store as keys
from gatepass.server.domain.keys.model import Key
from gatepass.server.environment import data_directory, master_key_rotation
from gatepass.server.environment.backup.copy import copy
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.progress import unseen
from gatepass.server.environment.data_directory import ServingError
from gatepass.wire.credential import Mode
from server.environment.backup import killed
from server.environment.backup.backups import KEEP, backed_up, give_master_key, restored
from server.environment.backup.places_with_data import content, files

TESTS = Path(__file__).parents[3]


def _killed(*arguments: str | Path) -> None:
    """Run the work in a process that ends itself at the call."""
    ended = subprocess.run(
        [sys.executable, killed.__file__, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]


@pytest.mark.parametrize(
    ("function", "nth"),
    [("rows.write", 20), ("store.finish_restore", 1), ("unfinished.end", 1)],
)
def test_a_restore_that_was_killed_is_refused_by_a_server_and_done_by_the_next_one(
    source: Settings, tmp_path: Path, function: str, nth: int
) -> None:
    target = load(data=tmp_path / "target")
    give_master_key(source, target)
    place = backed_up(source, tmp_path / "b")

    _killed("restore", function, str(nth), place, target.data)

    with pytest.raises(ServingError):
        data_directory.prepare(target)
    restored(target, place, options=KEEP)
    for mode in Mode:
        assert content(target, mode)["usage"] == content(source, mode)["usage"]
    data_directory.prepare(target)


def test_a_restore_that_was_killed_between_its_two_ends_is_refused_in_one_line(
    source: Settings, tmp_path: Path
) -> None:
    target = load(data=tmp_path / "target")
    give_master_key(source, target)
    place = backed_up(source, tmp_path / "b")

    _killed("restore", "unfinished.end", "2", place, target.data)

    with pytest.raises(ServingError, match="sandbox: The database is unfinished"):
        data_directory.prepare(target)
    with pytest.raises(BackupError, match="production: there is a database with data already"):
        restored(target, place)


@pytest.mark.parametrize(("function", "nth"), [("rows.write", 8), ("rows.write", 30)])
def test_a_copy_that_was_killed_goes_on_with_the_tables_that_are_left(
    source: Settings, tmp_path: Path, function: str, nth: int
) -> None:
    target = load(data=tmp_path / "target")
    written: list[int] = []

    _killed("copy", function, str(nth), source.data, target.data)

    with pytest.raises(ServingError):
        data_directory.prepare(target)
    copy(source, target, lambda _, rows, __: written.append(rows))
    assert sum(written) < sum(rows for mode in Mode for rows, _ in content(source, mode).values())
    for mode in Mode:
        assert content(target, mode) == content(source, mode)
    data_directory.prepare(target)


def test_a_copy_goes_on_from_the_beginning_where_the_source_has_changed(
    source: Settings, tmp_path: Path
) -> None:
    changed = _copied(source, tmp_path / "changed")
    target = load(data=tmp_path / "target")
    _killed("copy", "rows.write", "8", changed.data, target.data)
    with data_directory.opened(changed, Mode.LIVE) as environment:
        operations.rotate(environment.context, environment.purposes, OPERATOR, at_once=False)

    copy(changed, target, unseen)

    for mode in Mode:
        assert content(target, mode) == content(changed, mode)


@pytest.mark.parametrize(
    ("function", "nth"),
    [
        ("master_key.replace", 1),
        ("operations.encrypt_again", 1),
        ("operations.encrypt_again", 2),
        ("master_key.create", 1),
        ("master_key.replace", 2),
    ],
)
def test_a_rotation_of_the_master_key_that_was_killed_can_be_run_again(
    source: Settings, tmp_path: Path, function: str, nth: int
) -> None:
    place = _copied(source, tmp_path / "data")
    before = {mode: _all_keys(place, mode) for mode in Mode}

    _killed("rotate", function, str(nth), place.data)

    assert {mode: _all_keys(place, mode) for mode in Mode} == before  # a server can start
    master_key_rotation.rotate(place, OPERATOR)
    assert {mode: _all_keys(place, mode) for mode in Mode} == before
    assert len((place.data / "master.key").read_text().split()) == 1
    assert (place.data / "master.key").read_bytes() != (source.data / "master.key").read_bytes()


def _all_keys(settings: Settings, mode: Mode) -> tuple[Key, ...]:
    with (
        data_directory.opened(settings, mode) as environment,
        environment.database.read() as connection,
    ):
        return keys.all_keys(connection, environment.context.master_key, mode)


def _copied(source: Settings, folder: Path) -> Settings:
    folder.mkdir()
    for name in files(source.data):
        shutil.copy(source.data / name, folder / name)
    return load(data=folder)
