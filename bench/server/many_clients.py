"""Many different clients against a thousand in turn: `python -m bench.server.many_clients`.

A thousand clients in turn are all in memory after the first second. Here the same server also gets
requests of which each is from another client, that it has never seen: it reads every one from the
database. A new server is started for each of these turns.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.load import CONNECTIONS, Figures, Turn, in_turns, steady, wrk
from bench.processes import NotMeasuredError
from bench.report import Part, print_part, ratio_row
from bench.server import gatepass_server, seed
from bench.server.gatepass_server import Credentials

ROUNDS = 5
SECONDS = 2
CLIENTS = 100_000
IN_TURN = 1_000
WARM = "token, 1,000 clients in turn"
NEW = "token, each request from another client, never seen"


def measure() -> Part:
    """Measure the token endpoint with few clients and with ever new ones."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder, "data")
        gatepass_server.create(data)
        known = seed.register(data, CLIENTS, CLIENTS)
        warm = gatepass_server.issuing(
            WARM, stack.enter_context(gatepass_server.served(data)), *known[:IN_TURN]
        )
        turns = [steady(warm, SECONDS), Turn(NEW, lambda count: _load_new(data, known, count))]
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
    return Part(
        "Many clients", series, (ratio_row(f"{NEW}, of 1,000 in turn", series, NEW, WARM, 0.25),)
    )


def _load_new(data: Path, known: Sequence[Credentials], connections: int) -> Figures:
    """Load a server that has just started, until it has seen each client once at most."""
    with gatepass_server.served(data) as server:
        figures = wrk(gatepass_server.issuing(NEW, server, *known), connections, SECONDS)
    if figures.per_second * SECONDS > CLIENTS:
        raise NotMeasuredError(f"{NEW}: clients came twice")
    return figures


if __name__ == "__main__":
    print_part(measure())
