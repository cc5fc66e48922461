"""The real server as a process, for every test that speaks HTTP to it."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx2

from commands import Ran, clean_variables, run, run_in_process

_START_WITHIN = 60.0  # seconds, on a machine that is busy with other tests
_STOP_WITHIN = 60.0
_ASK_EVERY = 0.02


class Answer(NamedTuple):
    """What came back; `body` is None where it is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str


class Organization(NamedTuple):
    org_id: str
    environment: str
    username: str
    initial_password: str
    login_url: str

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Organization({self.org_id})"


class Credentials(NamedTuple):
    client_id: str
    client_secret: str
    token_url: str

    def __repr__(self) -> str:
        """Leave the secret out, as a failed test shows its arguments."""
        return f"Credentials({self.client_id})"


class Server:
    """`python -m gatepass serve` on a data directory of its own, on two free loopback ports."""

    def __init__(
        self,
        data: Path,
        *arguments: str,
        port: int | None = None,
        variables: Mapping[str, str] | None = None,
        descriptors: int | None = None,
    ) -> None:
        self.data = data
        self.descriptors = descriptors  # how many the process may open; None: as many as this one
        self.port = free_ports() if port is None else port
        self.arguments = arguments
        self.variables = {"GATEPASS_DRAIN_SECONDS": "0", **(variables or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self._out = data.parent / f"{data.name}.out"
        self._log = data.parent / f"{data.name}.log"
        self._http = httpx2.Client(trust_env=False, timeout=60)

    def start(self) -> Self:
        """Start the process and wait until it is ready; fail with the log's end if it dies."""
        with self._out.open("ab") as out, self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(*self._limited(), sys.executable, "-m", "gatepass", "serve"),
                    *(*self._where(), *self.arguments),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=clean_variables(self.variables),
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self.process)
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> int:
        """End it as an init system does (SIGTERM), wait, and give its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_WITHIN)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it, and its workers, as a crash does (SIGKILL)."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def close(self) -> None:
        """End whatever still runs, and the connections to it."""
        self._http.close()
        self.kill()

    def url(self, environment: str = "production") -> str:
        """Return an environment's address, which is its issuer."""
        return f"http://localhost:{self.port + (environment == 'sandbox')}"

    def log(self) -> str:
        """Return the log (standard error) so far, of every start."""
        return self._log.read_text()

    def events(self) -> list[dict[str, Any]]:
        """Return the log so far as its events."""
        return [json.loads(line) for line in self.log().splitlines()]

    def out(self) -> str:
        """Return what it has printed (standard output) so far."""
        return self._out.read_text()

    def run(self, *arguments: str) -> Ran:
        """Run another `gatepass` command on the same data directory."""
        return run(*arguments, "--data", str(self.data), variables=self._variables_of_commands())

    def create_organization(
        self, name: str = "Acme Energy", admin: str = "anna", environment: str = "production"
    ) -> Organization:
        """Create an organization with its first administrator, by the command line."""
        created = self._json(
            "organization", "create", name, "--admin", admin, "--environment", environment
        )
        return Organization(**created)

    def create_application(
        self,
        org_id: str,
        name: str = "Billing",
        environment: str = "production",
        scope: str = "read write",
    ) -> Credentials:
        """Register an application, by the command line."""
        what = ("--organization", org_id, "--name", name, "--scope", scope)
        return Credentials(
            **self._json("application", "create", *what, "--environment", environment)
        )

    def ask(
        self,
        method: str,
        path: str,
        environment: str = "production",
        **request: Any,  # noqa: ANN401 - as httpx2 takes them
    ) -> Answer:
        """Send a request and give the answer."""
        return answer(self._http.request(method, self.url(environment) + path, **request))

    def ask_token(
        self, client_id: str, secret: str, environment: str = "production", **form: str
    ) -> Answer:
        """Ask for a token with Basic and a form body; `form` adds to it or replaces."""
        return self.ask(
            "POST",
            "/oauth2/token/",
            environment,
            auth=(client_id, secret),
            data={"grant_type": "client_credentials", **form},
        )

    def _json(self, *arguments: str) -> dict[str, str]:
        variables = self._variables_of_commands()
        where = ("--data", str(self.data), "--json")
        ran = run_in_process(*arguments, *where, variables=variables)
        assert ran.status == 0, ran.err
        given: dict[str, str] = json.loads(ran.out)
        return given

    def _variables_of_commands(self) -> dict[str, str]:
        return {
            "GATEPASS_PORT": str(self.port),
            "GATEPASS_SANDBOX_PORT": str(self.port + 1),
            "GATEPASS_ENVIRONMENT": "production",  # tests share servers, and use both
            **self.variables,
        }

    def _limited(self) -> list[str]:
        if self.descriptors is None:
            return []
        return ["sh", "-c", f'ulimit -n {self.descriptors} && exec "$@"', "sh"]

    def _where(self) -> list[str]:
        return ["--data", str(self.data), "--port", str(self.port)]

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_WITHIN
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(httpx2.TransportError):
                if self._http.get(self.url() + "/readyz").status_code == 200:
                    return
            time.sleep(_ASK_EVERY)
        state = "did not become ready" if process.poll() is None else f"ended: {process.returncode}"
        raise AssertionError(f"The server {state}\n{self.log()[-3000:]}")


@contextmanager
def serving(
    data: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    descriptors: int | None = None,
    from_nothing: bool = False,
) -> Iterator[Server]:
    """Start a server and see to its end, whatever happens.

    A data directory that does not exist yet is given the tables, which takes a third of the time
    of a first start; a test of a first start wants it `from_nothing`.
    """
    is_elsewhere = "--config" in arguments or any("DATABASE" in name for name in variables or {})
    if not (from_nothing or is_elsewhere or data.exists()):
        from server.migrated import give_first_tables

        give_first_tables(data)
    server = Server(data, *arguments, variables=variables, descriptors=descriptors)
    try:
        yield server.start()
    finally:
        server.close()


def answer(response: httpx2.Response) -> Answer:
    """Return a response as a value."""
    try:
        body = response.json()
    except ValueError:
        body = None
    return Answer(response.status_code, response.headers, body, response.text)


def free_ports() -> int:
    """Return a port that is free together with the next one.

    From below the ports that the system itself hands out, at random, so that tests running side
    by side do not meet.
    """
    while True:
        port = random.randrange(10_000, 32_000, 2)
        with suppress(OSError), _held(port), _held(port + 1):
            return port


def _held(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))
