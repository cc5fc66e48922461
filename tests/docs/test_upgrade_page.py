"""The page about upgrades, on databases that the version before has made."""

from contextlib import closing
from pathlib import Path

import previous_version
from commands import clean_variables
from docs.page import Reader, blocks
from gatepass.server.environment.databases import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.migrations import revisions, runner
from gatepass.wire.credential import Mode


def test_the_steps_are_shown_and_done_as_the_page_says(tmp_path: Path) -> None:
    data = tmp_path / "gatepass-data"
    data.mkdir()
    known = [each for each in revisions.load() if each.revision <= previous_version.REVISION]
    for mode in Mode:
        with closing(Database(sqlite_url(file(data, mode)))) as database:
            runner.migrate(database, known)
    shown, done = blocks("../operate/upgrade.md")

    with Reader(tmp_path, {}, clean_variables()) as reader:
        reader.play(shown)
        for mode in Mode:
            assert _revision(data, mode) == previous_version.REVISION
        reader.play(done)

    assert {_revision(data, mode) for mode in Mode} == {revisions.NEWEST}


def _revision(data: Path, mode: Mode) -> str | None:
    with closing(Database(sqlite_url(file(data, mode)), read_only=True)) as database:
        return database.schema().revision
