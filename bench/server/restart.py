"""A restart while 20,000 partners ask: `python -m bench.server.restart`.

Within ten seconds after its start each of them asks for a token once, and the server has none of
them in memory; others, a hundred times a second, go on with what they do. Nobody may get an error.
How long a token takes is stated, from when its request was due.
"""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles

from bench.processes import NotMeasuredError
from bench.rate import Asked, at_a_rate
from bench.report import Part, Row, print_part
from bench.server import gatepass_server, many_clients
from bench.server.gatepass_server import Credentials, token_request

CLIENTS = 20_000
SECONDS = 10.0
RATE = 100  # requests a second of others
_OTHERS = 10
_STREAMS = 64


def measure() -> Part:
    """Measure a restart on SQLite and on PostgreSQL."""
    stores = (many_clients.sqlite, many_clients.postgresql_server)
    return Part("A restart", {}, tuple(row for each in stores for row in _rows(each)))


def _rows(store: many_clients.Store) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, store(Path(folder, "data")) as opened:
        database, data, variables, known = opened
        with gatepass_server.served(data, variables) as server:
            new, others = asyncio.run(_ask(server.port, known))
    for name, asked in ((f"{CLIENTS:,} clients once each", new), ("others", others)):
        if set(asked.statuses) != {200}:
            raise NotMeasuredError(f"{name}: {dict(asked.statuses)}")
        p50 = quantiles(asked.latencies, n=100)[49]
        measured = f"{asked.p99():.1f} ms (p50 {p50:.1f} ms, {len(asked.latencies):,} tokens)"
        yield Row(f"token after a restart, {name}, {database}, p99", measured, "stated", None)


async def _ask(port: int, known: Sequence[Credentials]) -> tuple[Asked, Asked]:
    requests = [token_request(each) for each in known[: CLIENTS + _OTHERS]]
    new, others = requests[:CLIENTS], requests[CLIENTS:]
    return await asyncio.gather(
        at_a_rate(port, new.__getitem__, CLIENTS / SECONDS, SECONDS, _STREAMS),
        at_a_rate(port, lambda number: others[number % _OTHERS], RATE, SECONDS),
    )


if __name__ == "__main__":
    print_part(measure())
