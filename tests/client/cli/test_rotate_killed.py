"""`gatepass rotate` as a process that SIGKILL ends at each step, on a file and on a Vault."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, TypeAlias

import pytest

from client.cli import killed_rotation
from client.cli.rotation import DAY, InMemory, Program, Respond, in_file, served
from client.secrets.fake_server import secret_store
from client.secrets.vault.fake_vault import TOKEN as VAULT_TOKEN
from client.secrets.vault.fake_vault import Kept
from gatepass.loopback import Request, Response
from gatepass.wire.metadata import ROTATE_SECRET, TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import InProcessServer


class Ended(NamedTuple):
    """How a run ended: by which signal, what it printed, and the calls that it reached."""

    signal: int
    output: str
    calls: list[str]


class Runs:
    """Runs the command; kills it before a call of its own, or when a request was served."""

    def __init__(self, process: "subprocess.Popen[str]", output: Path) -> None:
        assert process.stdin
        assert process.stdout
        self._input, self._said = process.stdin, process.stdout
        self._output = output
        self._running: SimpleQueue[int] = SimpleQueue()
        self._kill_after: int | None = None
        self.requests: list[str] = []

    def run(
        self, environ: Mapping[str, str], *, call: int | None = None, request: int | None = None
    ) -> Ended:
        self.requests, self._kill_after, self._running = [], request, SimpleQueue()
        work = {"environ": dict(environ), "output": str(self._output), "kill_at": call}
        self._input.write(f"{json.dumps(work)}\n")
        self._input.flush()
        self._running.put(int(self._said.readline()))
        ended = json.loads(self._said.readline())
        status = ended["status"]
        by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return Ended(by, self._output.read_text(), ended["calls"])

    def serve(self, request: Request, respond: Respond) -> Response:
        """Serve a request; where it is the one to end with, its sender is killed meanwhile."""
        number = len(self.requests)
        self.requests.append(f"{request.method} {request.path} {request.body[:14].decode()}")
        response = respond(request)
        if number == self._kill_after:
            os.kill(self._running.get(timeout=60), signal.SIGKILL)
        return response


class Rotated(NamedTuple):
    """An application, how its secret is read, and the settings of the command."""

    program: Program
    read: Callable[[], Secret]
    environ: dict[str, str]


Make: TypeAlias = Callable[[InProcessServer, str], Rotated]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    command = [sys.executable, killed_rotation.__file__]
    environ = {name: text for name, text in os.environ.items() if "GATEPASS" not in name}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as process:
        yield Runs(process, tmp_path / "output")
        if process.stdin:
            process.stdin.close()


def _settings(program: Program, url: str) -> dict[str, str]:
    return {"GATEPASS_TOKEN_URL": url + TOKEN, "GATEPASS_CLIENT_ID": program.client.client_id}


def _rotates_wherever_it_is_killed(runs: Runs, folder: Path, make: Make) -> None:
    with served(folder / "data", runs.serve) as (server, url):
        whole = make(server, url)
        ended = runs.run(whole.environ)
        assert "committed" in ended.output
        assert {"connect"} <= set(ended.calls)
        assert any(ROTATE_SECRET in each for each in runs.requests)
        requests = len(runs.requests)
        for number, name in enumerate(ended.calls):
            rotated = make(server, url)
            killed = runs.run(rotated.environ, call=number)
            assert killed.signal == signal.SIGKILL, name
            _is_resumed(runs, rotated, killed, f"before {name} ({number})")
        for number in range(requests):
            rotated = make(server, url)
            killed = runs.run(rotated.environ, request=number)
            assert killed.signal == signal.SIGKILL, number
            _is_resumed(runs, rotated, killed, f"after {runs.requests}")


def _is_resumed(runs: Runs, rotated: Rotated, killed: Ended, where: str) -> None:
    """Check that the store works after a run was killed, and that the next run finishes."""
    program, old = rotated.program, rotated.program.client.secret
    assert program.works(rotated.read()), where
    assert program.works(old), where
    program.server.clock.advance(61)  # a prepared secret that nobody has may be replaced then

    resumed = runs.run(rotated.environ)

    new = rotated.read()
    assert not resumed.signal, where
    assert resumed.output.splitlines()[-1].startswith(("committed", "not due")), (where, resumed)
    assert new != old, where
    assert program.works(new), where
    program.server.clock.advance(DAY)
    assert program.works(new), where
    assert not program.works(old), where
    assert not any(each.value in killed.output + resumed.output for each in (old, new)), where


def test_a_file_works_wherever_the_process_is_killed_and_the_next_one_finishes(
    runs: Runs, tmp_path: Path
) -> None:
    made: list[str] = []

    def make(server: InProcessServer, url: str) -> Rotated:
        made.append(f"secret-{len(made)}")
        program = Program(server, in_file(tmp_path, name=made[-1]))
        place = {"GATEPASS_CLIENT_SECRET_FILE": str(tmp_path / made[-1])}
        return Rotated(program, program.store.read, _settings(program, url) | place)

    _rotates_wherever_it_is_killed(runs, tmp_path, make)


def test_a_vault_works_wherever_the_process_is_killed_and_the_next_one_finishes(
    runs: Runs, tmp_path: Path
) -> None:
    kept = Kept()

    def make(server: InProcessServer, url: str) -> Rotated:
        program = Program(server, InMemory)
        kept.data = {"client_secret": program.client.secret.value, "port": 1}
        place = {
            "GATEPASS_CLIENT_SECRET_FROM": "vault:secret/partners/gatepass#client_secret",
            "VAULT_ADDR": vault,
            "VAULT_TOKEN": VAULT_TOKEN,
        }
        settings = _settings(program, url) | place
        return Rotated(program, lambda: Secret(str(kept.data["client_secret"])), settings)

    with secret_store(lambda request: runs.serve(request, kept.answer)) as vault:
        _rotates_wherever_it_is_killed(runs, tmp_path, make)
