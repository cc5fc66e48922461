"""Known clients while strangers flood the same worker: `python -m bench.server.flood`.

A thousand known clients ask in turn, alone and beside a flood of nearly 4,000 requests a second:
of made-up client ids, of real ones with wrong secrets, of tokens of applications that were deleted.
Their rate beside it is held against their rate alone. What the worker's memory grows by is stated.
"""

import secrets
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.load import (
    CONNECTIONS,
    Figures,
    Series,
    Target,
    Turn,
    in_turns,
    running_wrk,
    steady,
    wrk,
)
from bench.processes import cpu_seconds, memory
from bench.report import Part, Row, print_part, ratio_row
from bench.server import gatepass_server, million_clients, seed
from bench.server.gatepass_server import Credentials
from gatepass.server.configuration.settings import load
from gatepass.server.domain.applications.model import new_client_id
from gatepass.server.environment.data_directory import opened
from gatepass.server.tokens import opaque
from gatepass.server.tokens.claims import Claims
from gatepass.wire.credential import Kind, Mode, mint

ROUNDS = 3
SECONDS = 2
KNOWN = 1_000
CLIENTS = 100_000
MADE_UP = 1_000_000
LEAST = 0.7
STRANGERS = 8  # connections
PAUSE = 2  # milliseconds before each request of a stranger
_LONGEST = 60  # seconds of a flood, which ends with the turn
_BUSY = 0.3  # seconds of processor time that show that the flood has begun
_LOOK_EVERY = 0.05
ALONE = "token, known clients alone"
FLOODS = ("made-up client ids", "wrong secrets", "tokens of deleted applications")


def measure() -> Part:
    """Measure the known clients alone and beside each flood."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder, "data")
        gatepass_server.create(data)
        known = seed.register(data, CLIENTS, CLIENTS)
        guard = gatepass_server.guard_credentials(data)
        lines: tuple[Iterable[str], ...] = (_made_up(), _wrong(known), _deleted(data))
        files = [
            million_clients.written(Path(folder, str(number)), each)
            for number, each in enumerate(lines)
        ]
        server = stack.enter_context(gatepass_server.served(data))
        calm = gatepass_server.issuing(ALONE, server, *known[:KNOWN])
        strangers = [
            million_clients.asking(FLOODS[0], server, files[0]),
            million_clients.asking(FLOODS[1], server, files[1]),
            million_clients.introspecting(FLOODS[2], server, files[2], guard),
        ]
        turns = [steady(calm, SECONDS), *(_beside(calm, each) for each in strangers)]
        before = memory(server.process_id)
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
        grown = memory(server.process_id) - before
    return Part("Floods", series, tuple(_rows(series, grown)))


def _beside(calm: Target, strangers: Target) -> Turn:
    def turn(connections: int) -> Figures:
        before = cpu_seconds(strangers.process_id)
        with running_wrk(strangers, STRANGERS, _LONGEST, pause=PAUSE) as flood:
            while cpu_seconds(strangers.process_id) - before < _BUSY:  # wrk reads its file first
                time.sleep(_LOOK_EVERY)
            figures = wrk(calm, connections, SECONDS)
            flood.terminate()
        return figures

    return Turn(_named(strangers.name), turn)


def _named(flood: str) -> str:
    return f"token, known clients beside {flood}"


def _rows(series: dict[int, dict[str, Series]], grown: float) -> Iterator[Row]:
    for flood in FLOODS:
        yield ratio_row(f"{_named(flood)}, of alone", series, _named(flood), ALONE, LEAST)
    yield Row("memory of the worker, grown by the floods", f"{grown:,.0f} MB", "stated", None)


def _made_up() -> Iterator[str]:
    secret = _secret()
    for _ in range(MADE_UP):
        pair = f"{new_client_id(Mode.LIVE, secrets.token_bytes(16))}:{secret}"
        yield b64encode(pair.encode()).decode()


def _wrong(known: Iterable[Credentials]) -> Iterator[str]:
    secret = _secret()
    for each in known:
        yield b64encode(f"{each.client_id}:{secret}".encode()).decode()


def _secret() -> str:
    return mint(Kind.CLIENT_SECRET, Mode.LIVE, secrets.token_bytes(32))


def _deleted(data: Path) -> Iterator[str]:
    """Return bodies with tokens of applications that the database does not have any more."""
    with opened(load(None, data=data), Mode.LIVE) as environment:
        key, now_ms = environment.keys.opaque_token_key, int(environment.clock() * 1000)
    claims = (
        Claims(secrets.token_bytes(16), secrets.token_bytes(16), now_ms, 36_000, "read write", ())
        for _ in range(CLIENTS)
    )
    return iter(million_clients.of_one_length(opaque.encode(each, key) for each in claims))


if __name__ == "__main__":
    print_part(measure())
