"""A Vault on loopback: a fake one, and a real OpenBao where it is installed."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import httpx2

from client.fake_server import json_response
from client.secrets.fake_server import SECRET
from gatepass.loopback import Request, Response

TOKEN = "hvs-CAESIJ-stand-in"


@dataclass
class StandIn:
    """Has one secret at secret/data/partners/gatepass; answers `instead` when that is set."""

    requests: list[Request] = field(default_factory=list)
    instead: Response | None = None
    sealed: bool = False

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        if self.instead:
            return self.instead
        if self.sealed:
            return json_response(503, errors=["Vault is sealed"])
        if request.path.startswith("/v1/auth/"):
            return self.log_in(request)
        if request.headers.get("x-vault-token") != TOKEN:
            return json_response(403, errors=["permission denied"])
        if request.path != "/v1/secret/data/partners/gatepass":
            return json_response(404, errors=[])
        return json_response(
            request_id="e7f4bfe8",
            data={
                "data": {"client_secret": SECRET, "port": 8200},
                "metadata": {"version": 3, "destroyed": False, "deletion_time": ""},
            },
            warnings=None,
            auth=None,
        )

    def log_in(self, request: Request) -> Response:
        known = {
            "/v1/auth/approle/login": {"role_id": "partner", "secret_id": f"{SECRET}-id"},
            "/v1/auth/kubernetes/login": {"role": "partner", "jwt": f"{SECRET}.jwt"},
        }
        if json.loads(request.body) != known.get(request.path):
            return json_response(400, errors=["invalid role or secret ID"])
        return json_response(data=None, auth={"client_token": TOKEN, "lease_duration": 60})


@dataclass
class Kept:
    """A KV store of version 2 with one secret; `instead` answers writes where it is set."""

    data: dict[str, object] = field(default_factory=lambda: {"client_secret": SECRET, "port": 1})
    version: int = 3
    instead: Response | None = None

    def answer(self, request: Request) -> Response:
        assert request.headers["x-vault-token"] == TOKEN
        if request.method == "GET":
            return json_response(data={"data": self.data, "metadata": {"version": self.version}})
        if self.instead:
            return self.instead
        sent = json.loads(request.body)
        if sent["options"] != {"cas": self.version}:
            return json_response(400, errors=["check-and-set parameter did not match"])
        self.data, self.version = sent["data"], self.version + 1
        return json_response(data={"version": self.version})


PROGRAM = shutil.which("bao", path=Path(sys.executable).parent) or shutil.which("bao")


@dataclass(frozen=True)
class OpenBao:
    """A real server in its development mode: everything in memory, unsealed."""

    address: str

    def ask(self, method: str, path: str, body: object = None, namespace: str = "") -> object:
        headers = {"x-vault-token": TOKEN, "x-vault-namespace": namespace}
        answer = httpx2.request(
            method, f"{self.address}/v1/{path}", json=body, headers=headers, trust_env=False
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def awake(self) -> bool:
        """Return whether it is up, with its store of secrets mounted."""
        try:
            return self.ask("GET", "secret/config") is not None
        except httpx2.HTTPError:
            return False


@contextmanager
def openbao(folder: Path) -> Iterator[OpenBao]:
    assert PROGRAM is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PROGRAM, "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={TOKEN}"]
    command.append(f"-dev-listen-address=127.0.0.1:{port}")
    with (folder / "openbao.log").open("wb") as log:
        running = subprocess.Popen(
            command, env={"HOME": str(folder)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    server = OpenBao(f"http://127.0.0.1:{port}")
    try:
        until = monotonic() + 60
        while not server.awake():
            assert running.poll() is None, (folder / "openbao.log").read_text()
            assert monotonic() < until, "OpenBao does not start"
            sleep(0.05)
        yield server
    finally:
        running.kill()
        running.wait()
