"""Every figure of docs/reference/speed.md from one run: `make bench`.

Prints each part as it is done, then writes the page and its chart.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import textwrap
import time
from collections.abc import Iterator
from importlib.metadata import version

from bench import chart
from bench.guard import dpop, frameworks, opaque_tokens, verification
from bench.load import CONNECTIONS
from bench.peers.served import PATH, PEERS
from bench.processes import ROOT
from bench.report import Part, markdown, print_part
from bench.server import (
    application_list,
    certificates,
    client_keys,
    console,
    endpoints,
    flood,
    gatepass_server,
    import_rate,
    many_clients,
    million_applications,
    million_clients,
    peers,
    restart,
    startup,
    tls,
    usage,
    workers,
)
from bench.server import dpop as bound_tokens

PAGE = ROOT / "docs" / "reference" / "speed.md"
CHART = ROOT / "docs" / "images" / "speed.svg"
_LINE = 100
_HEAD = """\
# Speed

<!-- Written by `make bench` (bench/all.py). -->

![Requests a second of each endpoint and of what it is measured against](../images/speed.svg)

Measured in one run on a machine with {machine}, the load generator beside the
servers. Every server has one worker unless stated, and takes turns with the others under the same
load (wrk, one thread, 32 and 128 connections), each for a few seconds, round by round. What
counts is the ratio of requests/s of neighbours in a round; the median of the rounds is shown. The
ratio by CPU time says how much more work a second of processor time does; it depends least on
what else the machine does.

The empty ASGI handler runs on the same uvicorn, reads the request and answers a constant as long
as a token. nginx answers the same constant from C. django-oauth-toolkit has its default
settings: clients' secrets are hashed with Django's default, which takes most of the time. It is
restarted for every round. node-oidc-provider keeps its tokens in memory. Introspection and forward
authentication get {tokens} tokens in turn; the stores with and without a million applications get
requests of {clients} clients in turn. "Never seen" means that each request is from another one of
{many} clients, and that the server has just been started. A million clients in turn were all served
once before, and each of 100,000 tokens is another application's; a row that names no number is of
one client. After a restart, each request is sent at its time, whatever becomes of the others. A
flood is nearly 4,000 requests a second of strangers. The cost of usage is the processor time of the
thread that writes it, for applications chosen at random of {counted}.

Each assertion and each proof (DPoP) is one that the server has not seen; their load is made by
Python, so its processor time is left out. A certificate is that of a connection that is open, or in
the header that a proxy would send.

The guard is measured in one thread, in short rounds in which all take turns. "Verified" is
`gatepass.guard.verify`, "let through" is the whole guard; the bare check is the one call of
cryptography, with message and signature at hand. PyJWT and joserfc get their key once, and check
the claims that they can check.

Endpoints behind a guard only respond with a constant, so that the guard's share is as large as
possible; those with 20 rows are as in FastAPI's tutorial: plain functions, a database by a
dependency, a model. A dependency that does nothing shows what FastAPI takes for one. The
Django site has django-oauth-toolkit's view (`protected_resource`, its tokens in SQLite) and ours in
one process, by gunicorn.

{versions}

"""


def main() -> None:
    """Measure everything, print it, write the page and the chart."""
    began = time.monotonic()
    parts = []
    for program in (
        endpoints,
        peers,
        million_applications,
        many_clients,
        million_clients,
        restart,
        flood,
        application_list,
        console,
        usage,
        import_rate,
        startup,
        workers,
        client_keys,
        bound_tokens,
        tls,
        certificates,
        verification,
        dpop,
        opaque_tokens,
        frameworks,
    ):
        part: Part = program.measure()
        print_part(part)
        print(f"  ({time.monotonic() - began:.0f} s so far)", flush=True)
        parts.append(part)
    PAGE.write_text(_head() + markdown(parts))
    CHART.write_text(_chart(parts))
    minutes = (time.monotonic() - began) / 60
    print(f"\nDone in {minutes:.0f} minutes; see {PAGE.relative_to(ROOT)}")


def _head() -> str:
    machine = f"{len(os.sched_getaffinity(0))} processors ({platform.machine()})"
    versions = ", ".join(f"{name} {number}" for name, number in _versions() if number)
    return _HEAD.format(
        machine=machine,
        tokens=gatepass_server.TOKENS,
        clients=f"{million_applications.SAMPLE:,}",
        many=f"{many_clients.CLIENTS:,}",
        counted=f"{usage.APPLICATIONS:,}",
        versions=textwrap.fill(f"Versions: {versions}.", _LINE),
    )


def _versions() -> Iterator[tuple[str, str]]:
    yield "Gatepass", version("gatepass")
    yield "Python", platform.python_version()
    yield "uvicorn", version("uvicorn")
    lock = (PEERS / "django_oauth_toolkit" / "requirements.lock").read_text()
    for name in ("django-oauth-toolkit", "django", "gunicorn"):
        found = re.search(rf"^{name}==(\S+)", lock, re.MULTILINE)
        yield name, found[1] if found else ""
    packages = json.loads((PEERS / "oidc_provider" / "package-lock.json").read_text())["packages"]
    yield "node-oidc-provider", packages["node_modules/oidc-provider"]["version"]
    yield "node", _said("node", "--version")
    yield "nginx", _said("nginx", "-v")
    for name in ("fastapi", "cryptography", "PyJWT", "joserfc"):
        yield name, version(name)


def _said(program: str, option: str) -> str:
    found = shutil.which(program, path=PATH)
    if found is None:
        return ""
    ran = subprocess.run([found, option], capture_output=True, text=True, check=False)
    number = re.search(r"\d+(\.\d+)+", ran.stdout + ran.stderr)
    return number[0] if number else ""


def _chart(parts: list[Part]) -> str:
    connections = CONNECTIONS[0]
    own, others = (part.series[connections] for part in parts[:2])
    shown = {**own, **{name: others[name] for name in peers.PEERS if name in others}}
    foreign = {endpoints.EMPTY, endpoints.NGINX, *peers.PEERS}
    bars = [
        chart.Bar(name, series.median().per_second, name not in foreign)
        for name, series in shown.items()
    ]
    note = f"One worker each, {connections} connections; longer is faster"
    ordered = sorted(bars, key=lambda bar: -bar.value)
    return chart.draw("Requests a second", note, ordered)


if __name__ == "__main__":
    main()
