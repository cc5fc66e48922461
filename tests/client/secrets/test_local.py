"""Secrets from the environment and from files."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from client.secrets.fake_server import SECRET, refusal
from gatepass.client.secrets.env import FromEnv
from gatepass.client.secrets.file import FromFile

NAME = "GATEPASS_TEST_SECRET"


def test_a_variable_gives_the_secret_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    source = FromEnv(NAME)
    monkeypatch.setenv(NAME, "old")
    before = source()
    monkeypatch.setenv(NAME, SECRET)

    assert (before, source()) == ("old", SECRET)


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_or_empty_variable_is_named(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if value is not None:
        monkeypatch.setenv(NAME, value)

    assert NAME in refusal(FromEnv(NAME))


def test_a_variable_of_two_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, f"{SECRET}\nmore")

    assert "line break" in refusal(FromEnv(NAME))


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_gives_the_secret_without_its_line_break(tmp_path: Path, ending: str) -> None:
    assert FromFile(written(tmp_path, f" {SECRET}{ending}".encode()))() == f" {SECRET}"


def test_a_file_is_read_on_every_call(tmp_path: Path) -> None:
    source = FromFile(written(tmp_path, b"old"))
    before = source()
    written(tmp_path, SECRET.encode())

    assert (before, source()) == ("old", SECRET)


def test_a_symbolic_link_is_followed_to_its_newest_target(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(written(tmp_path, SECRET.encode()))

    assert FromFile(link)() == SECRET


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (SECRET.encode() * 10_000, "too long"),
        (SECRET.encode() + b"\xff\xfe", "not text"),
        (f"{SECRET}\nmore".encode(), "line break"),
        (SECRET.encode() + b"\0", "control character"),
    ],
    ids=["empty", "line break", "huge", "binary", "lines", "nul"],
)
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    assert why in refusal(FromFile(written(tmp_path, content)))


def test_a_folder_a_pipe_a_loop_and_nothing_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")

    assert "directory" in refusal(FromFile(tmp_path))
    assert "not a file" in refusal(FromFile(tmp_path / "pipe"))
    assert "cannot be read" in refusal(FromFile(tmp_path / "loop"))
    assert "No such file" in refusal(FromFile(tmp_path / "nothing"))
    assert "not a path" in refusal(FromFile("nul\0nul"))


def test_a_file_without_the_right_to_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, SECRET.encode())
    path.chmod(0)

    with as_unprivileged_user():
        assert "Permission denied" in refusal(FromFile(path))


def test_a_secret_given_in_place_of_a_path_is_not_repeated() -> None:
    secret = "gps_live_0123456789abcdefghijklmnop"

    message = refusal(FromFile(secret, setting="GATEPASS_CLIENT_SECRET_FILE"), secret)

    assert "GATEPASS_CLIENT_SECRET_FILE" in message


def test_a_file_that_others_can_read_is_warned_of_once_per_mode(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, SECRET.encode())
    logged = []
    for mode in (0o600, 0o640, 0o640, 0o604, 0o600, 0o604):
        path.chmod(mode)
        caplog.clear()
        FromFile(path)()
        logged.append([record.getMessage() for record in caplog.records])

    assert [len(each) for each in logged] == [0, 1, 0, 1, 0, 1]
    assert "0640" in logged[1][0]
    assert str(path) in logged[1][0]
    assert SECRET not in str(logged)


def test_the_warning_is_one_of_the_client(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, SECRET.encode())
    path.chmod(0o644)
    FromFile(path)()

    assert caplog.record_tuples[0][:2] == ("gatepass.client", logging.WARNING)


def test_a_file_source_is_a_value_that_shows_its_path(tmp_path: Path) -> None:
    one, other = FromFile(tmp_path), FromFile(str(tmp_path), setting="ANY")

    assert one == other
    assert hash(one) == hash(other)
    assert str(tmp_path) in repr(one)


@contextmanager
def as_unprivileged_user() -> Iterator[None]:
    """Run without root's right to read everything."""
    before = os.geteuid()
    os.seteuid(before or 65534)
    try:
        yield
    finally:
        os.seteuid(before)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "secret"
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
