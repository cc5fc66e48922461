"""What a shell completes, asked by a real bash where the script is sourced."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import clean_variables, run_in_process
from server.cli import inside
from server.cli.conftest import made

_ASK = r"""
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$(($# - 2))
COMP_LINE="${COMP_WORDS[*]}"
COMP_POINT=${#COMP_LINE}
_gatepass_completion gatepass "${COMP_WORDS[COMP_CWORD]}" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script for bash, and a `gatepass` beside it that bash finds."""
    folder = tmp_path_factory.mktemp("completion")
    program = folder / "gatepass"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gatepass "$@"\n')
    program.chmod(0o755)
    source = subprocess.run(
        [program, "completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
        env=clean_variables(),
    ).stdout
    file = folder / "gatepass.bash"
    file.write_text(source)
    return file


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Acme Energy with anna and an application in production; Bolt in the sandbox; olga owns."""
    return _filled(made(tmp_path_factory.mktemp("completed") / "data"))


def _filled(data: Path) -> Path:
    def run(*arguments: str) -> dict[str, str]:
        ran = inside.run(*arguments, "--json", data=data)
        assert ran.status == 0, ran.err
        found: dict[str, str] = json.loads(ran.out)
        return found

    acme = run("organization", "create", "Acme Energy", "--admin", "anna")["org_id"]
    bolt = run("organization", "create", "Bolt", "--admin", "bo", "--environment", "sandbox")[
        "org_id"
    ]
    client = run(
        *("application", "create", "--organization", acme, "--name", "Billing sync"),
        *("--environment", "production"),
    )["client_id"]
    run("operator", "add", "olga", "--role", "owner")
    hook = run("webhook", "add", "https://hooks.example.com/hook", "--environment", "production")
    found = {"webhook": hook["id"]}
    (data / "ids.json").write_text(
        json.dumps({"acme": acme, "bolt": bolt, "client": client, **found})
    )
    return data


def completed(script: Path, *words: str, data: Path) -> list[str]:
    """Return what bash offers for the last of the words."""
    variables = clean_variables({"GATEPASS_DATA": str(data)})
    variables["PATH"] = f"{script.parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "--norc", "-c", _ASK, "bash", script, "gatepass", *words],
        capture_output=True,
        text=True,
        check=True,
        env=variables,
        timeout=60,
    )
    assert ended.stderr == ""
    return [line for line in ended.stdout.splitlines() if line]


def ids(data: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((data / "ids.json").read_text())
    return found


def test_commands_and_options_are_completed(script: Path, data: Path) -> None:
    assert completed(script, "oper", data=data) == ["operator"]
    assert completed(script, "operator", "req", data=data) == ["require-second-factor"]
    assert completed(script, "organization", "list", "--json-", data=data) == ["--json-lines"]


def test_an_organization_is_completed_by_its_id_and_by_its_name(script: Path, data: Path) -> None:
    acme = ids(data)["acme"]

    assert completed(script, "organization", "show", acme[:3], data=data) == [acme]
    assert completed(script, "organization", "suspend", "acme", data=data) == [acme]
    assert completed(script, "organization", "show", "x", data=data) == []


def test_the_environment_of_the_command_decides_where_is_looked(script: Path, data: Path) -> None:
    found = ids(data)
    sandbox = ("organization", "show", "--environment", "sandbox", "")

    assert completed(script, *sandbox, data=data) == [found["bolt"]]
    assert completed(script, "organization", "show", "", data=data) == [found["acme"]]
    changing = completed(script, "organization", "suspend", "", data=data)
    assert set(changing) == {found["acme"], found["bolt"]}


def test_client_ids_and_usernames_are_completed(script: Path, data: Path) -> None:
    client = ids(data)["client"]

    assert completed(script, "application", "show", "gpc_", data=data) == [client]
    assert completed(script, "application", "rotate", "billing", data=data) == [client]
    assert completed(script, "webhook", "show", "", data=data) == [ids(data)["webhook"]]
    assert completed(script, "user", "reset", "an", data=data) == ["anna"]
    assert completed(script, "operator", "reset", "", data=data) == ["olga"]
    assert completed(script, "audit", "list", "--application", "gpc", data=data) == [client]


def test_without_data_nothing_is_completed_and_nothing_is_made(
    script: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"

    assert completed(script, "organization", "show", "", data=nowhere) == []
    assert not nowhere.exists()


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 200])
def test_a_file_that_is_no_database_completes_nothing_and_stays(
    script: Path, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "production.sqlite3"
    file.write_bytes(content)

    assert completed(script, "organization", "show", "", data=tmp_path) == []
    assert file.read_bytes() == content


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_this_program(shell: str) -> None:
    printed = run_in_process("completion", shell)

    assert printed.status == 0
    assert f"_GATEPASS_COMPLETE={shell}_complete" in printed.out
    assert run_in_process("completion", "tcsh").status == 2
