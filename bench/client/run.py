"""Gatepass as a client beside Authlib, requests-oauthlib, httpx-auth and requests_oauth2client.

`make bench-client` measures everything in one run, prints it and writes
docs/reference/client-speed.md. The peers are in an environment of their own
(bench/peers/client, made by bench/setup.sh); each client runs in processes of its own, beside a
fake token endpoint (bench/client/fake_server.py) which counts its requests.
"""

import json
import os
import platform
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.client.failure_scenarios import DAYS, Day
from bench.client.fake_server import Standin, standin
from bench.client.import_time import ROUNDS as IMPORTS
from bench.client.import_time import Imported, imported
from bench.client.report_page import Client, against, limits, page
from bench.peers.client.subjects import SUBJECTS, Subject
from bench.peers.served import PEERS
from bench.processes import ROOT, environment

PAGE = ROOT / "docs" / "reference" / "client-speed.md"
ROUNDS = 2  # of the bad days
RUNS = 5  # of the overhead
_PYTHONS = {False: Path(sys.executable), True: PEERS / "client" / ".venv" / "bin" / "python"}
_IMPORTS = (
    (False, "import gatepass", "import httpx2"),
    (False, "from gatepass import TokenSource", "import httpx2"),
    (False, "from gatepass import BearerAuth", "import httpx2"),
    (True, "from authlib.integrations.httpx_client import OAuth2Client", "import httpx2"),
    (True, "from authlib.integrations.requests_client import OAuth2Session", "import requests"),
    (True, "import requests_oauthlib, oauthlib.oauth2", "import requests"),
    (True, "from httpx_auth import OAuth2ClientCredentials", "import httpx"),
    (True, "from requests_oauth2client import OAuth2Client", "import requests"),
)
_LINE = 100
_HEAD = """\
# Speed of the client

<!-- Written by `make bench-client` (bench/client/run.py). -->

Measured in one run on a machine with {machine}: Gatepass and other clients for
the client credentials grant from PyPI, each set up as its own documentation has it (see
`bench/peers/client/subjects.py`). To repeat it: `make bench-client`, about a quarter of an hour.

Calls to the API are answered in memory, so that the library's own work is what is measured; token
requests go to a fake server on loopback, a process of its own, which counts them. It answers after
50 ms where callers are many, after 10 ms else. Each client has a process of its own for each of
the things below, one after the other, {rounds} rounds; where rounds differ, the least and the most
is given.

{versions}
"""


def main() -> None:
    """Measure everything, print it, write the page."""
    began = time.monotonic()
    peers = (PEERS / "client" / ".venv" / ".ready").exists()
    if not peers:
        print("not measured: the peers are not installed; bench/setup.sh does it")
    subjects = [each for each in SUBJECTS if peers or not each.is_peer]
    imports = [
        imported(_PYTHONS[its], what, base) for its, what, base in _IMPORTS if peers or not its
    ]
    with standin() as endpoint:
        clients = _clients(endpoint, subjects)
    _print(clients, imports)
    if peers:
        PAGE.write_text(page(_head(), clients, imports))
    minutes = (time.monotonic() - began) / 60
    print(f"\nDone in {minutes:.0f} minutes; see {PAGE.relative_to(ROOT)}")


def _clients(endpoint: Standin, subjects: Sequence[Subject]) -> list[Client]:
    overheads = [_overheads(endpoint, subjects) for _ in range(RUNS)]
    through = [each for each in subjects if each.has_days]
    days = [{each.name: _days(endpoint, each) for each in through} for _ in range(ROUNDS)]
    return [
        Client(
            each,
            [run[each.name] for run in overheads],
            [of[each.name] for of in days if each.has_days],
        )
        for each in subjects
    ]


def _overheads(endpoint: Standin, subjects: Sequence[Subject]) -> dict[str, float]:
    measured: dict[str, float] = {}
    for is_peer in dict.fromkeys(each.is_peer for each in subjects):
        whose = "peers" if is_peer else "ours"
        measured |= json.loads(_run(is_peer, "bench.client.overhead", whose, str(endpoint.port)))
    return measured


def _days(endpoint: Standin, subject: Subject) -> dict[str, Day]:
    print(f"{subject.name} ...", flush=True)
    port = str(endpoint.port)
    results = {
        day.__name__: _run(
            subject.is_peer, "bench.client.failure_scenarios", subject.name, day.__name__, port
        )
        for day in DAYS
    }
    return {name: Day(**json.loads(day)) for name, day in results.items()}


def _run(is_peer: bool, module: str, *arguments: str) -> str:  # noqa: FBT001 - a key of _PYTHONS
    """Run a program of this folder in the environment of the peers, or in ours."""
    command = [str(_PYTHONS[is_peer]), "-W", "ignore", "-m", module, *arguments]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # warnings of libraries whose calls fail
        text=True,
        check=True,
    )
    return ran.stdout


def _print(clients: Sequence[Client], imports: Sequence[Imported]) -> None:
    print("\nFigures with a limit")
    for row in limits(clients, imports):
        print(f"  {row.figure}: {row.measured}; to reach: {row.to_reach}; {row.verdict()}")
    print("\nGatepass against the best of the others")
    for figure, mine, its, verdict in against(clients):
        print(f"  {figure:58}{mine:>10}   {its:40}{verdict}")
    print(f"\nImports, medians of {IMPORTS}")
    for each in imports:
        print(f"  {each.statement} / {each.base}: {each.ratio:.2f}")


def _head() -> str:
    machine = f"{len(os.sched_getaffinity(0))} processors ({platform.machine()})"
    versions = ", ".join(f"{name} {number}" for name, number in _versions())
    return _HEAD.format(
        machine=machine, rounds=ROUNDS, versions=textwrap.fill(f"Versions: {versions}.", _LINE)
    )


def _versions() -> Iterator[tuple[str, str]]:
    yield "Gatepass", version("gatepass")
    yield "Python", platform.python_version()
    lock = (PEERS / "client" / "requirements.lock").read_text()
    for name in (PEERS / "client" / "requirements.in").read_text().split():
        found = re.search(rf"^{name.replace('_', '-')}==(\S+)", lock, re.MULTILINE)
        yield name, found[1] if found else "unknown"
    yield "httpx", next(iter(re.findall(r"^httpx==(\S+)", lock, re.MULTILINE)), "unknown")


if __name__ == "__main__":
    main()
