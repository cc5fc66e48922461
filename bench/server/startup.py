"""From the command `gatepass serve` to the first token: `python -m bench.server.startup`."""

import tempfile
import time
from pathlib import Path
from statistics import median

from bench.load import answer
from bench.report import Part, limit_row, print_part
from bench.server import gatepass_server

TIMES = 7
MOST = 1.5  # seconds


def measure() -> Part:
    """Measure the start on a data directory that has everything."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        known = gatepass_server.create(data)
        _start(data, known)  # the first one makes what is missing
        times = [_start(data, known) for _ in range(TIMES)]
    detail = f"median of {TIMES}, {min(times):.2f} to {max(times):.2f}"
    row = limit_row("start to the first token, warm", median(times), MOST, "s", detail)
    return Part("Start", {}, (row,))


def _start(data: Path, known: gatepass_server.Credentials) -> float:
    started = time.perf_counter()
    with gatepass_server.served(data) as server:
        answer(gatepass_server.issuing("start", server, known))
        return time.perf_counter() - started


if __name__ == "__main__":
    print_part(measure())
