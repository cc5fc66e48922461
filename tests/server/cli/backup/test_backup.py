"""`gatepass backup`, `restore`, `copy` and `keys rotate-master`: what they print and refuse."""

import re
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner

from commands import Ran
from gatepass.cli import main
from server.cli.conftest import made
from server.cli.inside import run


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that no test changes."""
    return made(tmp_path_factory.mktemp("shared") / "data")


def _alone(*arguments: str | Path) -> Ran:
    """Run a command that has no --data."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    return Ran(result.exit_code, result.stdout, result.stderr)


def test_a_backup_says_last_whether_the_master_key_is_in_it(shared: Path, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(str(identity))
    to = ("--recipient", str(identity.to_public()))

    without = run("backup", str(tmp_path / "1"), *to, data=shared)
    with_key = run("backup", "create", *to, "--with-master-key", str(tmp_path / "2"), data=shared)

    assert without.out.splitlines()[0].endswith(
        "is complete and encrypted; the master key is NOT in it. To restore you need this file "
        "and the master key."
    )
    assert "the master key is in it: this file is enough to restore" in with_key.out
    verified = _alone("backup", "verify", tmp_path / "2", "--identity", tmp_path / "identity")
    assert verified.status == 0
    assert "The backup is whole." in verified.out
    assert re.search(r"production, as it was at 20\S+ \(revision \d{4}\):\n  rows: ", verified.out)
    assert verified.out.splitlines()[-1].startswith("In this backup the master key is in it")


def test_a_backup_is_encrypted_unless_the_user_says_otherwise(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEPASS_BACKUP_PASSPHRASE", raising=False)
    file = tmp_path / "b"

    undecided = run("backup", str(file), data=shared)
    assert undecided.status == 1
    assert undecided.err.startswith("Error: Choose the encryption: --recipient, --passphrase-file")
    both = run("backup", str(file), "--no-encryption", "--with-master-key", data=shared)
    assert both.status == 2
    assert "must be encrypted" in both.err
    assert not file.exists()
    plain = run("backup", str(file), "--no-encryption", data=shared)
    assert "is complete and not encrypted" in plain.out


@pytest.mark.parametrize("content", ["", "\n", None])
def test_a_passphrase_file_without_a_passphrase_is_refused(
    shared: Path, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "pass").write_text(content)
    ran = run(
        "backup", str(tmp_path / "b"), "--passphrase-file", str(tmp_path / "pass"), data=shared
    )

    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert not (tmp_path / "b").exists()


def test_nothing_is_backed_up_where_there_is_no_data(tmp_path: Path) -> None:
    ran = run("backup", str(tmp_path / "b"), "--no-encryption", data=tmp_path / "none")

    assert ran.status == 1
    assert "has no data yet" in ran.err
    assert sorted(tmp_path.iterdir()) == []


def test_a_restore_says_in_numbers_what_there_is_and_what_is_undone(
    shared: Path, tmp_path: Path
) -> None:
    run("backup", str(tmp_path / "b"), "--no-encryption", data=shared)
    target = tmp_path / "target"
    target.mkdir()
    (target / "master.key").write_bytes((shared / "master.key").read_bytes())

    ran = run("restore", str(tmp_path / "b"), data=target)

    assert ran.status == 0
    assert "production contains now:\n  0 organizations\n  0 people, 0 of whom" in ran.out
    assert "no valid tokens: all issued until now are revoked" in ran.out
    assert "What was changed after these moments is undone" in ran.out
    again = run("restore", str(tmp_path / "b"), data=target)
    assert again.status == 1
    assert again.err == (
        "Error: production: there is a database with data already. Choose an empty place; nothing "
        "was written.\n"
    )


def test_what_is_no_backup_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")

    for place in ("text", "missing"):
        ran = _alone("backup", "verify", tmp_path / place)
        assert (ran.status, ran.err.count("\n")) == (1, 1)


def test_a_copy_compares_every_table_and_takes_the_master_key_along(
    shared: Path, tmp_path: Path
) -> None:
    ran = _alone("copy", shared, tmp_path / "target")

    assert ran.status == 0, ran.err
    assert "production: every table is the same in both places" in ran.out
    key = (tmp_path / "target" / "master.key").read_bytes()
    assert key == (shared / "master.key").read_bytes()
    refused = _alone("copy", shared, tmp_path / "target")
    assert "there is a database with data already" in refused.err
    missing = _alone("copy", tmp_path / "none", tmp_path / "other")
    assert "there is no data in the source" in missing.err
    assert not (tmp_path / "other").exists()
    assert not (tmp_path / "none").exists()


def test_a_copy_reads_its_places_from_files_alone(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_DATA", str(shared))
    config = tmp_path / "new.toml"
    config.write_text(f'data = "{tmp_path / "target"}"\n')

    ran = _alone("copy", shared, config)

    assert ran.status == 0, ran.err
    assert (tmp_path / "target" / "production.sqlite3").exists()
    assert _alone("copy", shared, tmp_path / "missing.toml").status == 1


def test_the_master_key_is_rotated_and_the_earlier_one_kept(tmp_path: Path) -> None:
    data = made(tmp_path / "data")
    before = (data / "master.key").read_text()
    listed = run("keys", "list", "--json", data=data).out

    ran = run("keys", "rotate-master", data=data)

    assert ran.status == 0
    assert "4 keys are encrypted under the first master key" in ran.out
    (earlier,) = data.glob("master.key.until-*")
    assert earlier.read_text() == before
    assert run("keys", "list", "--json", data=data).out == listed


def test_a_master_key_that_gatepass_does_not_write_needs_both_keys_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = made(tmp_path / "data")
    old = (data / "master.key").read_text().strip()
    (data / "master.key").unlink()
    monkeypatch.setenv("GATEPASS_MASTER_KEY", old)

    refused = run("keys", "rotate-master", data=data)
    assert refused.status == 1
    assert "Put a new key there before the present one, separated by a space" in refused.err
    monkeypatch.setenv("GATEPASS_MASTER_KEY", f"{'A' * 43}= {old}")
    assert "remove the earlier key" in run("keys", "rotate-master", data=data).out
    monkeypatch.setenv("GATEPASS_MASTER_KEY", f"{'A' * 43}=")
    assert run("keys", "list", data=data).status == 0
