"""schemathesis: what the description promises is what the server does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gatepass.wire.metadata import PARTNER_API
from server.partner_api.partner_client import Partner

pytestmark = pytest.mark.slow

_CONFIG = """
[headers]
Authorization = "Bearer {token}"
"""


@pytest.fixture
def description(served: Partner, tmp_path: Path) -> Path:
    """The description, with ids that are there: made-up ones would all be not found."""
    document = served.http.get(f"{PARTNER_API}/openapi.json").json()
    ids = {
        "org_id": [served.org.rpartition("/")[2]],
        "user_id": [served.add_user()["id"] for _ in range(20)],
    }
    for calls in document["paths"].values():
        for call in calls.values():
            for parameter in call["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = ids[parameter["name"]]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    return file


def test_every_answer_is_as_described(served: Partner, description: Path, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(_CONFIG.format(token=served.token()))

    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", str(description), "--url", served.environment.partner_api),
            *("--checks", "all", "--max-examples", "50", "--continue-on-failure", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
