"""This checkout beside another one: the rows of docs/reference/speed.md in one interleaved run.

    python -m bench.baseline ../gatepass-before

The other checkout has been set up (`make setup`). Each row has the ratio of what this checkout
does to what the other one does, above 1 where this one is faster. Servers of both take turns under
the same load, and their ratio is that of processor times, as servers and load generator share the
machine. Everything else is measured by each checkout's own programs, which take turns as well.
Takes eight minutes; ends with status 1 if a ratio is below 0.95.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.load import Target, Turn, in_turns, steady
from bench.processes import ROOT, environment, free_port, memory, running
from bench.server import gatepass_server

LEAST = 0.95
ROUNDS = 8
SECONDS = 1
CONNECTIONS = 32
_RUN = """\
import json, sys
from importlib import import_module

values = json.loads(sys.argv[2])
for name in json.loads(sys.argv[1]):
    module = import_module(name)
    for key in values.keys() & vars(module).keys():
        setattr(module, key, values[key])
print(json.dumps([row[:3] for row in module.measure().rows]))
"""


class Program(NamedTuple):
    """A program of both checkouts: its modules (the last one measures) with their earlier names.

    `values` replace constants of these modules; the program is run `times` times.
    """

    modules: Mapping[str, str]
    values: Mapping[str, object]
    times: int


_VERIFICATION = {"bench.guard.verification": "bench.guard"}
PROGRAMS = (
    Program({"bench.server.startup": "bench.start"}, {"TIMES": 3}, 3),
    Program(_VERIFICATION, {"ROUNDS": 9}, 3),
    Program({**_VERIFICATION, "bench.guard.opaque_tokens": "bench.sealed"}, {"ROUNDS": 9}, 3),
    Program(
        {"bench.guard.frameworks": "bench.guarded"},
        {"ROUNDS": 2, "SECONDS": 1, "CONNECTIONS": [CONNECTIONS]},
        2,
    ),
)


class Row(NamedTuple):
    """A figure of both checkouts; `ratio` is above 1 where this checkout is faster."""

    figure: str
    before: float
    now: float
    ratio: float

    def __str__(self) -> str:
        verdict = "" if self.ratio >= LEAST else f"   BELOW {LEAST}"
        return f"{self.figure:62.62} {self.before:9.2f} {self.now:9.2f} {self.ratio:7.3f}{verdict}"


def measure(other: Path) -> Iterator[Row]:
    """Measure everything, row by row."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        yield from _server_rows(stack, Path(folder), other)
    for program in PROGRAMS:
        yield from _program_rows(program, other)


def _server_rows(stack: ExitStack, folder: Path, other: Path) -> Iterator[Row]:
    """Compare the endpoints: microseconds of processor time a request, and memory afterwards."""
    data, python = folder / "data", str(other / ".venv/bin/python")
    known = gatepass_server.create(data, python)  # by the other one: it may not know our tables
    org_id = gatepass_server.organization_id(data, python)
    before = list(_targets(stack, copies(folder, "before", data), other, known, org_id))
    now = list(_targets(stack, copies(folder, "now", data), ROOT, known, org_id))
    turns = [turn for pair in zip(before, now, strict=True) for turn in map(turn_of, pair)]
    series = in_turns(turns, ROUNDS, CONNECTIONS)
    for old, new in zip(before, now, strict=True):
        figures, others = series[new.name], series[old.name]
        name = f"{new.name.removeprefix('now ')}, us"
        ratio = figures.ratio(others).by_cpu
        yield Row(name, others.median().cpu, figures.median().cpu, ratio)
    used = memory(before[0].process_id), memory(now[0].process_id)
    yield Row("memory of a worker after these, MB", *used, used[0] / used[1])


def turn_of(target: Target) -> Turn:
    """Return the turn of a server that is loaded for a second."""
    return steady(target, SECONDS)


def copies(folder: Path, name: str, data: Path) -> Iterator[Path]:
    """Yield copies of a data directory, one for each server."""
    for number in range(3):
        copy = folder / f"{name}-{number}"
        shutil.copytree(data, copy)
        yield copy


def _targets(
    stack: ExitStack,
    copies: Iterator[Path],
    checkout: Path,
    known: gatepass_server.Credentials,
    org_id: str,
) -> Iterator[Target]:
    """Start a checkout's servers; yield what is asked of them."""
    fast_path = _fast_path_setting(checkout)
    name = "now" if checkout == ROOT else "before"
    served, by_asgi, jwts = (
        served_by(stack, checkout, copy, variables)
        for copy, variables in zip(
            copies,
            ({}, {fast_path: "false"}, {"GATEPASS_PRODUCTION__TOKENS": "jwt"}),
            strict=True,
        )
    )
    yield gatepass_server.issuing(f"{name} token, fast path", served, known)
    yield gatepass_server.issuing(f"{name} token, ASGI", by_asgi, known)
    yield gatepass_server.issuing_jwts(f"{name} token, JWT ES256", jwts, known)
    yield gatepass_server.introspecting(f"{name} introspection", served, known)
    yield gatepass_server.verifying(f"{name} forward authentication", served, known)
    yield gatepass_server.calling_partner_api(f"{name} Partner API", served, known, org_id)


def served_by(
    stack: ExitStack, checkout: Path, data: Path, variables: Mapping[str, str]
) -> gatepass_server.Server:
    """Serve a data directory by the code of a checkout, until the end of `stack`."""
    port = free_port()
    command = [str(checkout / ".venv/bin/python"), *gatepass_server.serve(data, port)[1:]]
    url = f"http://127.0.0.1:{port}/readyz"
    return gatepass_server.Server(port, stack.enter_context(running(command, url, variables)))


def _fast_path_setting(checkout: Path) -> str:
    """Return the variable of the setting that another checkout may have by its earlier name."""
    settings = (checkout / "src/gatepass/server/configuration/settings.py").read_text()
    return "GATEPASS_FAST_PATH" if "    fast_path:" in settings else "GATEPASS_LANE"


def _program_rows(program: Program, other: Path) -> Iterator[Row]:
    """Run a program of both checkouts by turns; compare its rows one by one."""
    before, now = [], []
    for _ in range(program.times):
        before.append(_run(program, other))
        now.append(_run(program, ROOT))
    for number, (figure, measured, to_reach) in enumerate(now[0]):
        old = [number_in(rows[number][1]) for rows in before]
        new = [number_in(rows[number][1]) for rows in now]
        if is_better_low(measured, to_reach):
            ratios = [b / a for a, b in zip(new, old, strict=True)]
        else:
            ratios = [a / b for a, b in zip(new, old, strict=True)]
        yield Row(figure, median(old), median(new), median(ratios))


def _run(program: Program, checkout: Path) -> list[tuple[str, str, str]]:
    """Run a program of a checkout; return of each row its figure, its value, what to reach."""
    names = [
        name if (checkout / f"{name.replace('.', '/')}.py").exists() else earlier
        for name, earlier in program.modules.items()
    ]
    python = str(checkout / ".venv/bin/python")
    ran = subprocess.run(
        [python, "-c", _RUN, json.dumps(names), json.dumps(program.values)],
        cwd=checkout,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows: list[Any] = json.loads(ran.stdout.splitlines()[-1])
    return [(figure, measured, to_reach) for figure, measured, to_reach in rows]


def number_in(measured: str) -> float:
    """Return the number of a row's text: by processor time where it is given."""
    found = re.search(r"by CPU time ([\d.,]+)", measured) or re.match(r"([\d.,]+)", measured)
    if found is None:
        raise ValueError(f"There is no number in {measured!r}.")
    return float(found[1].replace(",", ""))


def is_better_low(measured: str, to_reach: str) -> bool:
    """Return whether a row's number is the better the lower it is."""
    return to_reach.startswith("<=") or (to_reach == "stated" and " us" in measured)


def main(arguments: Sequence[str]) -> int:
    """Measure and print a line for each row; return the exit status."""
    if len(arguments) != 1:
        print("usage: python -m bench.baseline CHECKOUT", file=sys.stderr)
        return 2
    print(f"{'':62} {'before':>9} {'now':>9} {'ratio':>7}")
    is_slower = False
    for row in measure(Path(arguments[0]).resolve()):
        print(row, flush=True)
        is_slower = is_slower or row.ratio < LEAST
    return int(is_slower)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
