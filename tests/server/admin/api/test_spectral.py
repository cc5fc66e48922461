"""Spectral, the linter for OpenAPI, finds nothing in the description of the Admin API."""

import json
import subprocess
from pathlib import Path

import pytest

from gatepass.server.admin.api import openapi
from gatepass.server.admin.operations.registry import REMOTE
from node_packages import install

pytestmark = pytest.mark.slow

_LOCK = Path(__file__).parents[1] / "spectral" / "package-lock.json"


def test_spectral_finds_nothing(tmp_path: Path) -> None:
    node = install(_LOCK, "spectral")
    (tmp_path / "rules.yaml").write_text('extends: ["spectral:oas"]\n')
    document = openapi.document(REMOTE, "https://auth.example.com", "Gatepass Admin API")
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    program = _LOCK.parent / "node_modules/@stoplight/spectral-cli/dist/index.js"

    run = subprocess.run(
        [node, program, "lint", "openapi.json", "--ruleset", "rules.yaml"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "No results" in run.stdout
