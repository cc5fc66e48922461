"""A store with a million applications and a million revoked tokens against an empty one.

Both are asked by the same number of clients in turn, and the empty one knows no other:
`python -m bench.server.million_applications`. Also what a worker holds in memory, as users install
it: structlog loads greenlet and rich (4 MB) where they are, which only developers' tools bring.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.load import CONNECTIONS, answer, in_turns, steady
from bench.processes import memory, peak_memory, without
from bench.report import ByConnections, Part, Row, limit_row, print_part, ratio_row
from bench.server import gatepass_server, seed
from bench.server.gatepass_server import Server

ROUNDS = 5
SECONDS = 2
MILLION = 1_000_000
SAMPLE = 1_000  # clients that ask in turn
EMPTY = "token, empty store"
FULL = "token, million applications and revocations"
IDLE = 80  # MB
NOT_INSTALLED = ("greenlet", "rich")
EACH = 100  # bytes a revocation may take


def measure() -> Part:
    """Measure the token endpoint over both stores, and the memory of both workers."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stores = {name: Path(folder, name.split()[1]) for name in (EMPTY, FULL)}
        known = {name: _filled(data, is_full=name == FULL) for name, data in stores.items()}
        installed = without(Path(folder), *NOT_INSTALLED)
        servers = {
            name: stack.enter_context(gatepass_server.served(data, installed))
            for name, data in stores.items()
        }
        targets = [gatepass_server.issuing(name, servers[name], *known[name]) for name in stores]
        for target in targets:
            answer(target)
        held = list(_memory_rows(servers))
        turns = [steady(each, SECONDS) for each in targets]
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
    return Part("A million of each", series, (_ratio(series), *held))


def _filled(data: Path, *, is_full: bool) -> list[gatepass_server.Credentials]:
    gatepass_server.create(data)
    known = seed.register(data, MILLION if is_full else SAMPLE, SAMPLE)
    if is_full:
        seed.revoke(data, MILLION)
    return known


def _ratio(series: ByConnections) -> Row:
    return ratio_row(f"{FULL}, of the empty store", series, FULL, EMPTY, 0.90)


def _memory_rows(servers: dict[str, Server]) -> Iterator[Row]:
    for figure, name, most in (
        ("memory of a worker, idle", EMPTY, IDLE),
        ("memory of a worker with a million revocations", FULL, IDLE + MILLION * EACH / 1e6),
    ):
        process_id = servers[name].process_id
        peak = f"at most {peak_memory(process_id):,.0f} while it started"
        yield limit_row(figure, memory(process_id), most, "MB", f"{peak}; installed as by users")


if __name__ == "__main__":
    print_part(measure())
