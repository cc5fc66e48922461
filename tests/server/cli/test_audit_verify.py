"""`gatepass audit verify` and `gatepass audit checkpoint`: what they print, and their status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from commands import Ran
from gatepass.server.environment.environment import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.wire.credential import Mode
from server.cli import inside
from server.cli.conftest import made

Run = Callable[..., Ran]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return made(tmp_path / "data")


@pytest.fixture
def gatepass(data: Path) -> Run:
    def run(*arguments: str) -> Ran:
        return inside.run(*arguments, data=data)

    run("organization", "create", "Acme", "--admin", "anna")
    return run


def tamper(data: Path, sql: str) -> None:
    database = Database(sqlite_url(file(data, Mode.LIVE)))
    with database.write() as connection:
        connection.execute(text(sql))
    database.close()


def test_a_whole_trail_is_status_0(gatepass: Run) -> None:
    ran = gatepass("audit", "verify")

    assert ran.status == 0
    first, *_, last = ran.out.splitlines()
    assert first == "2 entries verified, links 0 to 2."
    assert last == "The audit trail is whole."


def test_a_changed_entry_is_status_1_and_named(gatepass: Run, data: Path) -> None:
    tamper(data, "UPDATE audit SET actor = 'eve' WHERE id = 2")

    ran = gatepass("audit", "verify")
    said = json.loads(gatepass("audit", "verify", "--json").out)

    assert ran.status == 1
    assert "changed 2: actor" in ran.out
    assert "NOT whole" in ran.out
    assert said["whole"] is False
    assert said["findings"] == [{"kind": "changed", "number": 2, "what": "actor"}]


def test_checkpoints_in_a_file_find_what_was_rolled_back(
    gatepass: Run, data: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "log"
    made_now = gatepass("audit", "checkpoint")
    again = gatepass("audit", "checkpoint")
    kept.write_text(f'{{"event": "audit.checkpoint", "checkpoint": "{made_now.out.strip()}"}}\n')
    assert made_now.out == again.out  # nothing new
    assert gatepass("audit", "verify", "--checkpoints", str(kept)).status == 0

    for table in ("audit", "audit_link", "audit_checkpoint"):
        tamper(data, f"DELETE FROM {table}")
    gatepass("organization", "create", "Bolt", "--admin", "bo")

    assert gatepass("audit", "verify").status == 0
    ran = gatepass("audit", "verify", "--checkpoints", str(kept))
    assert ran.status == 1
    assert "checkpoint 2: a checkpoint from outside has another digest" in ran.out


def test_a_file_without_a_checkpoint_is_an_error(gatepass: Run, tmp_path: Path) -> None:
    empty = tmp_path / "log"
    empty.write_bytes(b"\xff\xfe eyJhbGciOiJub25lIn0.e30.x\n")

    ran = gatepass("audit", "verify", "--checkpoints", str(empty))

    assert ran.status == 1
    assert "There is no checkpoint in the file." in ran.err


def test_after_an_emergency_rotation_the_trail_is_whole(gatepass: Run) -> None:
    gatepass("audit", "checkpoint")
    gatepass("keys", "rotate", "--now", "--yes")
    gatepass("audit", "checkpoint")

    assert gatepass("audit", "verify").status == 0
