"""The programs of the first-day guide, as the portal shows them, against a real server."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from gatepass.server.portal.presentation.guide import Values, programs
from server_process import Server

COMMANDS = {
    "curl": ("sh", "call.sh"),
    "python": (sys.executable, "call.py"),
    "node": ("node", "call.mjs"),
    "go": ("go", "run", "call.go"),
    "java": ("java", "Call.java"),
    "php": ("php", "call.php"),
}  # the build machines have no .NET


def values(server: Server, org_id: str, client_id: str) -> Values:
    url = server.url()
    return Values(f"{url}/oauth2/token/", f"{url}/api/partners/v2.0", org_id, client_id)


@pytest.mark.parametrize("language", COMMANDS)
def test_a_program_of_the_guide_prints_the_organization(
    server: Server, tmp_path: Path, language: str
) -> None:
    command = COMMANDS[language]
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is missing")
    organization = server.create_organization("Guided Energy", f"gus-{uuid4().hex[:8]}")
    made = server.create_application(organization.org_id)
    filled = values(server, organization.org_id, made.client_id)
    program = next(each for each in programs(filled) if each.id == language)
    (tmp_path / program.file).write_text(program.text)
    variables = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}

    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={**variables, "GATEPASS_CLIENT_SECRET": made.client_secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ran.returncode == 0, ran.stderr
    assert "Guided Energy" in ran.stdout
    assert made.client_secret not in ran.stdout + ran.stderr


def test_every_program_is_filled_in_and_reads_the_secret_from_a_variable() -> None:
    found = programs(Values("https://token", "https://api", "the-organization", "the-client"))

    assert {each.id for each in found} == {*COMMANDS, "csharp"}
    for each in found:
        assert "@" not in each.text
        assert "GATEPASS_CLIENT_SECRET" in each.text
        for value in ("https://token", "https://api", "/org/the-organization", "the-client"):
            assert value in each.text
