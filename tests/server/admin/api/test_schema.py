"""schemathesis: what the description promises is what the server does."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from gatepass.server.admin.operations import examples
from gatepass.server.app import create
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.users.passwords.passwords import PasswordSettings
from gatepass.wire.metadata import ADMIN_API
from server.admin.operator_program import Partner, Program, every_scope, partner_with_everything
from server.fixtures import InProcessServer, new_clock

pytestmark = pytest.mark.slow

_CONFIG = """
[headers]
Authorization = "Bearer {token}"

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429]
"""
_MAIL = {"host": "127.0.0.1", "port": 9, "sender": "gatepass@example.com"}
_IDS: dict[str, str | int] = {
    "org_id": examples.ORGANIZATION_ID,
    "user_id": examples.PERSON_ID,
    "client_id": examples.CLIENT_ID,
    "secret_id": examples.SECRET_ID,
    "key_id": examples.KEY_ID,
    "certificate_id": examples.CERTIFICATE_ID,
    "endpoint_id": examples.ENDPOINT_ID,
    "invitation_id": examples.INVITATION_ID,
    "mail_id": examples.MAIL_ID,
    "delivery_id": examples.DELIVERY_ID,
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[InProcessServer]:
    """A server that listens on a free port of the loopback interface."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        cheap = PasswordSettings(time_cost=1, memory_kib=8192)
        app = create(Settings(data=tmp_path / "data", port=port, password=cheap, mail=_MAIL))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        app.lifespan.open()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield _Served(app, port, tmp_path)
        server.should_exit = True
        thread.join()
        app.lifespan.close()


class _Served(InProcessServer):
    def __init__(self, app: Any, port: int, data: Path) -> None:  # noqa: ANN401 - as `create` returns it
        super().__init__(app, new_clock(), data)
        self.url = f"http://localhost:{port}"

    def send(self, method: str, path: str, *_: Any, **given: Any) -> Any:  # noqa: ANN401 - as httpx2 takes them
        by, _source = given.pop("by", None), given.pop("source", None)
        if by:
            given["auth"] = (by.client_id, by.secret.value)
        return TestClient(self.app, base_url=self.url).request(method, path, **given)


@pytest.fixture
def description(served: InProcessServer, tmp_path: Path) -> Path:
    """The description, with ids that are there: made-up ones would all be not found."""
    partner = partner_with_everything(served)
    document = served.send("GET", f"{ADMIN_API}/openapi.json").json()
    for path in document["paths"].values():
        for each in path["parameters"]:
            each["schema"]["enum"] = ["production"]
        for method, call in path.items():
            if method != "parameters":
                _with_ids(call, partner)
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    return file


def _with_ids(call: dict[str, Any], partner: Partner) -> None:
    for each in call["parameters"]:
        if each["in"] == "path":
            found = partner.ids[_IDS[each["name"]]]
            each["schema"] = {"type": each["schema"]["type"], "enum": [found]}
            each["example"] = found


def test_every_answer_is_as_described(served: _Served, description: Path, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(_CONFIG.format(token=Program(served, *every_scope()).token))

    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", str(description), "--url", served.url + ADMIN_API),
            # What is refused by a rule that no schema can say (a name that is taken) is 400 to 422.
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", "8", "--phases", "examples,coverage,fuzzing"),
            *("--continue-on-failure", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
