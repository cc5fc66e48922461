"""Which environment a changing command changes, and what it asks first."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from commands import Ran, clean_variables
from server.cli import inside
from server.cli.conftest import made


def _organizations(data: Path, environment: str) -> list[str]:
    listed = inside.run("organization", "list", "--environment", environment, "--json", data=data)
    return [row["name"] for row in json.loads(listed.out)]


def _create(data: Path, name: str, *more: str) -> Ran:
    return inside.run("organization", "create", name, "--admin", name, *more, data=data)


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A data directory with an organization in each environment."""
    data = tmp_path / "data"
    for environment in ("production", "sandbox"):
        assert _create(data, "Acme", "--environment", environment).status == 0
    return data


def _typed(answers: str, *arguments: str | Path) -> tuple[int, str]:
    """Run a command on a terminal of its own, and type into it; return status and screen."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "gatepass", *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        env=clean_variables(),
    ) as process:
        os.close(its)
        os.write(ours, answers.encode())
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        os.close(ours)
    return process.returncode, shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux's way to say that nobody has the other end open
        return b""


@pytest.mark.parametrize(
    "command",
    [
        ("organization", "create", "Beta", "--admin", "ben"),
        ("organization", "resume", "00000000-0000-0000-0000-000000000001"),
        ("application", "enable", "nobody"),
        ("application", "set", "nobody", "--name", "x"),
        ("keys", "rotate"),
        ("scope", "add", "x", "--description", "X"),
        ("resource", "add", "https://x.example", "--name", "X"),
    ],
    ids=" ".join,
)
def test_without_a_terminal_a_changing_command_has_to_say_which_of_two_used_environments(
    both: Path, command: tuple[str, ...]
) -> None:
    ran = inside.run(*command, data=both)

    assert (ran.status, ran.out) == (2, "")
    assert "--environment" in ran.err
    assert "GATEPASS_ENVIRONMENT" in ran.err


def test_the_option_and_the_variable_say_which(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _create(both, "Beta", "--environment", "production").status == 0
    monkeypatch.setenv("GATEPASS_ENVIRONMENT", "sandbox")
    assert _create(both, "Gamma").status == 0

    assert _organizations(both, "production") == ["Acme", "Beta"]
    assert _organizations(both, "sandbox") == ["Acme", "Gamma"]


def test_an_environment_in_the_variable_that_does_not_exist_is_wrong_usage(
    both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_ENVIRONMENT", "staging")

    ran = _create(both, "Beta")

    assert (ran.status, ran.out) == (2, "")
    assert "staging" in ran.err


@pytest.mark.parametrize("used", ["production", "sandbox", None])
def test_it_is_production_where_not_both_are_used(tmp_path: Path, used: str | None) -> None:
    data = tmp_path / "data"
    if used:
        _create(data, "Acme", "--environment", used)

    ran = inside.run("organization", "create", "Beta", "--admin", "ben", data=data)

    assert ran.status == 0, ran.err
    assert "Beta" in _organizations(data, "production")


def test_a_reading_command_reads_production(both: Path) -> None:
    assert inside.run("organization", "list", data=both).status == 0


@pytest.mark.parametrize("environment", ["production", "sandbox"])
def test_on_a_terminal_it_is_asked(both: Path, environment: str) -> None:
    command = ("organization", "create", "Beta", "--admin", "ben", "--data", both)

    status, screen = _typed(f"both\n{environment}\n", *command)

    assert status == 0, screen
    assert "Which one" in screen
    assert {name: "Beta" in _organizations(both, name) for name in ("production", "sandbox")} == {
        "production": environment == "production",
        "sandbox": environment == "sandbox",
    }


@pytest.mark.parametrize(
    ("response", "state"), [("y\n", "suspended"), ("n\n", "active"), ("\n", "active")]
)
def test_a_suspension_is_asked_about_on_a_terminal(
    tmp_path: Path, response: str, state: str
) -> None:
    data = tmp_path / "data"
    org_id = json.loads(_create(data, "Acme", "--json").out)["org_id"]

    status, screen = _typed(response, "organization", "suspend", org_id, "--data", data)

    assert "Suspend Acme in production?" in screen
    assert status == (state == "active")
    (row,) = json.loads(inside.run("organization", "list", "--json", data=data).out)
    assert row["state"] == state


@pytest.mark.parametrize("command", ["suspend", "rotate"])
def test_without_a_terminal_what_cannot_be_undone_needs_a_yes(tmp_path: Path, command: str) -> None:
    data = tmp_path / "data"
    org_id = json.loads(_create(data, "Acme", "--json").out)["org_id"]
    what = {
        "suspend": ("organization", "suspend", org_id),
        "rotate": ("keys", "rotate", "--now"),
    }[command]

    refused = inside.run(*what, data=data)
    keys = json.loads(inside.run("keys", "list", "--json", data=data).out)
    done = inside.run(*what, "--yes", data=data)

    assert (refused.status, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert "--yes" in refused.err
    assert {key["state"] for key in keys} == {"in use"}
    assert done.status == 0


def test_a_rotation_that_voids_nothing_is_not_asked_about(tmp_path: Path) -> None:
    assert inside.run("keys", "rotate", data=made(tmp_path / "data")).status == 0
