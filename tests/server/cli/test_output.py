"""How commands print: tables that fit a terminal, whole ones elsewhere, JSON, JSON Lines."""

import io
import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from commands import clean_variables
from gatepass.server.cli.terminal import printing
from server.cli.conftest import Command
from server.cli.inside import run

LONG = "A name that is much longer than any terminal of today should have to show in a column"


@pytest.fixture(scope="module")
def org_id(gatepass: Command) -> str:
    ran = gatepass("organization", "create", LONG, "--admin", "anna", "--json")
    gatepass("organization", "create", "Bolt", "--admin", "bo")
    return str(json.loads(ran.out)["org_id"])


def on_terminal(columns: int, *arguments: str) -> list[str]:
    """Run a command on a terminal of so many columns; give its lines."""
    ours, theirs = pty.openpty()
    ran = subprocess.Popen(
        [sys.executable, "-m", "gatepass", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        env={**clean_variables(), "COLUMNS": str(columns)},
    )
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        written = b""
        try:
            while part := terminal.read1():
                written += part
        except OSError:  # Linux: the other end is closed
            pass
    assert ran.wait() == 0
    return written.decode().splitlines()


def test_a_table_fits_the_terminal_and_its_first_column_stays_whole(data: Path) -> None:
    made = run("organization", "create", LONG, "--admin", "anna", "--json", data=data)
    org_id = json.loads(made.out)["org_id"]

    lines = on_terminal(80, "organization", "list", "--data", str(data))

    assert max(map(len, lines)) <= 80
    assert any(line.startswith(org_id) and "\u2026" in line for line in lines)


@pytest.mark.usefixtures("org_id")
def test_a_table_that_is_no_terminal_is_whole(gatepass: Command) -> None:
    assert LONG in gatepass("organization", "list").out


def test_json_lines_are_the_objects_of_json_one_a_line(gatepass: Command, org_id: str) -> None:
    lines = gatepass("organization", "list", "--json-lines").out.splitlines()

    assert [json.loads(line) for line in lines] == json.loads(
        gatepass("organization", "list", "--json").out
    )
    assert {json.loads(line)["org_id"] for line in lines} > {org_id}


def test_one_object_is_one_line_of_json(gatepass: Command, org_id: str) -> None:
    shown = gatepass("organization", "show", org_id, "--json-lines").out

    assert json.loads(shown)["org_id"] == org_id


def test_a_list_of_nothing_is_nothing(gatepass: Command) -> None:
    assert gatepass("application", "list", "--json-lines").out == ""
    assert json.loads(gatepass("application", "list", "--json").out) == []


def test_what_strangers_sent_does_not_command_the_terminal(data: Path) -> None:
    run("organization", "create", "Acme", "--admin", "anna", data=data)
    with sqlite3.connect(data / "production.sqlite3") as connection:
        connection.execute("UPDATE audit SET subject = ?", ("\x1b[2J\x07\r\u202ehidden",))

    listed = run("audit", "list", data=data).out

    assert "\ufffd[2J\ufffd\ufffd\ufffdhidden" in listed
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(listed)


def test_long_work_says_on_a_terminal_how_far_it_is_and_elsewhere_nothing() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), io.StringIO()
    with redirect_stderr(terminal):
        seen = list(printing.counted(range(1200), "applications"))
    with redirect_stderr(file):
        list(printing.counted(range(1200), "applications"))

    assert seen == list(range(1200))
    assert terminal.getvalue() == "\r500 applications\r1,000 applications\r1,200 applications\n"
    assert file.getvalue() == ""
