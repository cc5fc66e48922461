"""The token endpoint of this checkout beside that of another checkout, in one interleaved run.

    python -m bench.server.baseline ../gatepass-before

The other checkout has been set up (`make setup`). What counts is the ratio of processor times,
as both servers and the load generator share the machine.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.load import Turn, in_turns, steady
from bench.processes import ROOT, free_port, running
from bench.server import gatepass_server

ROUNDS = 10
SECONDS = 2
CONNECTIONS = 32

_FAST_PATH = ("GATEPASS_FAST_PATH", "GATEPASS_LANE")  # the second is of checkouts before 1.0


def _turns(stack: ExitStack, folder: Path, other: Path) -> Iterator[Turn]:
    """Serve copies of one data directory from both checkouts, with the fast path and without.

    The other checkout makes it, as it may not know this one's tables.
    """
    data = folder / "data"
    known = gatepass_server.create(data, str(other / ".venv/bin/python"))
    for name, checkout in (("before", other), ("now", ROOT)):
        for lane in ("true", "false"):
            copy, port = folder / f"{name}-{lane}", free_port()
            shutil.copytree(data, copy)
            python = str(checkout / ".venv/bin/python")
            command = [python, *gatepass_server.serve(copy, port)[1:]]
            url, variables = f"http://127.0.0.1:{port}/readyz", dict.fromkeys(_FAST_PATH, lane)
            process = stack.enter_context(running(command, url, variables))
            server = gatepass_server.Server(port, process)
            yield steady(gatepass_server.minting(f"{name}, lane={lane}", server, known), SECONDS)


def main(other: Path) -> None:
    """Measure, and print a table and the ratios."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        series = in_turns(list(_turns(stack, Path(folder), other)), ROUNDS, CONNECTIONS)
    for name, each in series.items():
        figures = each.median()
        print(f"{name:20} {figures.per_second:9,.0f} tokens/s {figures.cpu:6.2f} us each")
    for lane in ("true", "false"):
        ratio = series[f"now, lane={lane}"].ratio(series[f"before, lane={lane}"])
        print(f"now of before, lane={lane}: {ratio.by_rate:.3f} tokens/s, {ratio.by_cpu:.3f} work")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.server.baseline CHECKOUT")
    main(Path(sys.argv[1]).resolve())
