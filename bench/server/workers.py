"""Two workers against one: `python -m bench.server.workers`.

The load generator keeps to the last processor. Where there are more than two, the workers
keep off it; on two they cannot, so the figure is what is left of the second one.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.load import CONNECTIONS, Target, Turn, in_turns, wrk
from bench.report import Part, print_part, ratio_row
from bench.server import gatepass_server

ROUNDS = 3
SECONDS = 4
ONE = "token, 1 worker"
TWO = "token, 2 workers"
_PROCESSORS = sorted(os.sched_getaffinity(0))


def measure() -> Part:
    """Measure the token endpoint of one worker and of two."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder, "data")
        known = gatepass_server.create(data)
        turns = []
        for name, workers in ((ONE, 1), (TWO, 2)):
            server = stack.enter_context(
                gatepass_server.served(data, workers=workers, pin=_servers())
            )
            turns.append(_pinned(gatepass_server.issuing(name, server, known)))
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
    figure = f"2 workers, of 1, on {len(_PROCESSORS)} processors"
    return Part("Workers", series, (ratio_row(figure, series, TWO, ONE),))


def _servers() -> list[int]:
    return _PROCESSORS[:-1] if len(_PROCESSORS) > 2 else _PROCESSORS


def _pinned(target: Target) -> Turn:
    before = gatepass_server.pinned(_PROCESSORS[-1:])
    return Turn(target.name, lambda connections: wrk(target, connections, SECONDS, before))


if __name__ == "__main__":
    print_part(measure())
