"""A rolling restart of two nodes under load: `python -m bench.reliability.rolling_restart`.

Two nodes share a PostgreSQL. nginx and HAProxy, each by its file in examples/deploy/two-nodes,
stand in front of both. Clients ask for tokens and revoke them without pause, over connections that
they keep and over new ones, while each node in turn is sent SIGTERM, ends, and starts again. A
request fails if its answer is missing, cut, or not 200.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlencode

from bench.processes import ROOT, NotMeasuredError
from bench.server import postgresql

sys.path.append(str(ROOT / "tests"))
from gateways.deployed import APP, SANDBOX, Deployed, deployed_before_two
from gateways.gateway import program
from server_process import Credentials, Server, free_ports

PROXIES = ("nginx", "haproxy")
ROUNDS = 20
_CLIENTS = 4  # for each proxy; half of them open a connection for each request
_BETWEEN = 50  # answers at each proxy between two restarts
_PATIENCE = 60.0  # seconds


class Restarts(NamedTuple):
    """How often each outcome came, by proxy; an outcome other than "200" is a failed request."""

    outcomes: Mapping[str, Counter[str]]
    stops: Sequence[int]
    """The exit status of each node that was stopped."""

    def failed(self) -> dict[str, int]:
        """Return the outcomes that are failures, and how often they came."""
        return {
            f"{name}: {outcome}": times
            for name, outcomes in self.outcomes.items()
            for outcome, times in outcomes.items()
            if outcome != "200"
        }


def measure(
    rounds: int, folder: Path, drain: float = 5, changes: Mapping[str, str] | None = None
) -> Restarts:
    """Restart both nodes `rounds` times; `changes` are made in the proxies' files."""
    names = [name for name in PROXIES if program(name)]
    if not names:
        raise NotMeasuredError("neither nginx nor haproxy is installed")
    with ExitStack() as stack:
        nodes = stack.enter_context(_nodes(folder, drain))
        credentials = nodes[0].create_application(nodes[0].create_organization().org_id)
        loads = []
        for name in names:
            (folder / name).mkdir()
            ports = (nodes[0].port, nodes[1].port)
            proxy = deployed_before_two(name, folder / name, ports, changes)
            loads.append(stack.enter_context(Load(stack.enter_context(proxy), credentials)))
        stops = [_restart(node, loads) for _ in range(rounds) for node in nodes]
        for load in loads:
            load.wait_for_more()
    outcomes = {name: load.outcomes for name, load in zip(names, loads, strict=True)}
    return Restarts(outcomes, stops)


@contextmanager
def _nodes(folder: Path, drain: float) -> Iterator[tuple[Server, Server]]:
    """Run two nodes on one PostgreSQL, with the same master key."""
    with postgresql.running() as databases, ExitStack() as stack:
        variables = {
            **databases,
            "GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]',
            "GATEPASS_PRODUCTION__HOSTS": f'["{APP}"]',
            "GATEPASS_SANDBOX__HOSTS": f'["{SANDBOX}"]',
            "GATEPASS_DRAIN_SECONDS": str(drain),
        }
        nodes: list[Server] = []
        for name in ("one", "two"):
            metrics = {"GATEPASS_METRICS_PORT": str(free_ports())}
            node = Server(folder / name, variables=variables | metrics)
            stack.callback(node.close)
            if nodes:
                node.data.mkdir()
                shutil.copy(nodes[0].data / "master.key", node.data)
            nodes.append(node.start())
        yield nodes[0], nodes[1]


def _restart(node: Server, loads: "Sequence[Load]") -> int:
    for load in loads:
        load.wait_for_more()
    status = node.stop()
    node.start()
    return status


class Load:
    """Clients that ask for tokens and revoke them through a proxy until the block ends."""

    def __init__(self, proxy: Deployed, credentials: Credentials) -> None:
        self.outcomes: Counter[str] = Counter()
        self._proxy, self._secret = proxy, credentials.client_secret
        basic = b64encode(f"{credentials.client_id}:{self._secret}".encode()).decode()
        form = "application/x-www-form-urlencoded"
        self._headers = {"Host": APP, "Authorization": f"Basic {basic}", "Content-Type": form}
        self._is_over = threading.Event()
        self._clients = [
            threading.Thread(target=self._ask, kwargs={"keeps": bool(number % 2)})
            for number in range(_CLIENTS)
        ]

    def __enter__(self) -> Self:
        for each in self._clients:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for each in self._clients:
            each.join()

    def wait_for_more(self) -> None:
        """Wait until more requests were answered."""
        enough, until = self.outcomes.total() + _BETWEEN, time.monotonic() + _PATIENCE
        while self.outcomes.total() < enough and time.monotonic() < until:
            time.sleep(0.02)

    def _ask(self, *, keeps: bool) -> None:
        connection: HTTPConnection | None = None
        while not self._is_over.is_set():
            try:
                connection = connection or self._proxy.connect()
                is_open = self._use(connection) and keeps
            except (OSError, HTTPException) as error:
                self.outcomes[f"{type(error).__name__}: {error}"] += 1
                is_open = False
            if connection is not None and not is_open:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _use(self, connection: HTTPConnection) -> bool:
        """Ask for a token and revoke it; return whether the connection stays open."""
        token, stays_open = self._post(connection, "token", grant_type="client_credentials")
        if not token or not stays_open:
            return False
        _, stays_open = self._post(
            connection, "revoke_token", token=json.loads(token)["access_token"]
        )
        return stays_open

    def _post(self, connection: HTTPConnection, endpoint: str, **form: str) -> tuple[bytes, bool]:
        """Send a form; return the body if the status is 200, and whether the connection stays."""
        connection.request("POST", f"/oauth2/{endpoint}/", urlencode(form), self._headers)
        with connection.getresponse() as response:
            body, stays_open = response.read(), not response.will_close
        self.outcomes[str(response.status)] += 1
        return (body if response.status == 200 else b""), stays_open


def main() -> None:
    """Restart as often as is asked for, and print what came of it."""
    parser = argparse.ArgumentParser(description="A rolling restart of two nodes under load.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        restarts = measure(parser.parse_args().rounds, Path(folder))
    for name, outcomes in restarts.outcomes.items():
        print(f"{name:10}{outcomes['200']:10,} requests answered with 200")
    failed = restarts.failed()
    for outcome, times in failed.items():
        print(f"{times:10,} failed: {outcome}")
    print(f"{len(restarts.stops)} restarts, {sum(failed.values())} failed requests")
    sys.exit(bool(failed) or any(restarts.stops))


if __name__ == "__main__":
    main()
