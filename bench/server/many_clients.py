"""Many different clients against a thousand in turn: `python -m bench.server.many_clients`.

A thousand clients in turn are all in memory after the first second. Here the same server also gets
requests of which each is from another client, that it has never seen: it reads every one from the
database, a SQLite file or a PostgreSQL on this machine. A new server is started for each of these
turns.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from bench.load import CONNECTIONS, Figures, Series, Turn, in_turns, steady, wrk
from bench.processes import NotMeasuredError
from bench.report import Part, Row, print_part, ratio_row
from bench.server import gatepass_server, postgresql, seed
from bench.server.gatepass_server import Credentials
from gatepass.server.environment.environment import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.wire.credential import Mode

ROUNDS = 5
SECONDS = 2
CLIENTS = 100_000
IN_TURN = 1_000
WARM = "token, 1,000 clients in turn"
NEW = "token, each request from another client, never seen"


Opened = tuple[str, Path, Mapping[str, str], Sequence[Credentials]]
"""The database's name, data directory and variables of its server, and the clients in it."""

Store = Callable[[Path], AbstractContextManager[Opened]]


def measure() -> Part:
    """Measure the token endpoint with few clients and with ever new ones, on both databases."""
    series: dict[int, dict[str, Series]] = {count: {} for count in CONNECTIONS}
    rows: list[Row] = []
    for store, least in ((sqlite, 0.25), (postgresql_server, 0.15)):
        with tempfile.TemporaryDirectory() as folder, store(Path(folder, "data")) as opened:
            name, data, variables, known = opened
            warm, new = f"{WARM}, {name}", f"{NEW}, {name}"
            with gatepass_server.served(data, variables) as server:
                turns = [
                    steady(gatepass_server.issuing(warm, server, *known[:IN_TURN]), SECONDS),
                    Turn(new, _ever_new(new, data, variables, known)),
                ]
                for count in CONNECTIONS:
                    series[count] |= in_turns(turns, ROUNDS, count)
        measured = {count: {warm: each[warm], new: each[new]} for count, each in series.items()}
        rows.append(ratio_row(f"{new}, of 1,000 in turn", measured, new, warm, least))
    return Part("Many clients", series, tuple(rows))


@contextmanager
def sqlite(data: Path) -> Iterator[Opened]:
    """Fill a SQLite file with clients."""
    gatepass_server.create(data)
    with closing(Database(sqlite_url(file(data, Mode.LIVE)))) as database:
        yield "SQLite", data, {}, seed.register_in(database, CLIENTS, CLIENTS)


@contextmanager
def postgresql_server(data: Path) -> Iterator[Opened]:
    """Run a PostgreSQL, filled with clients."""
    with postgresql.running() as variables:
        url = variables["GATEPASS_PRODUCTION__DATABASE"]
        with gatepass_server.served(data, variables), closing(Database(url)) as database:
            known = seed.register_in(database, CLIENTS, CLIENTS)
            with database.write() as connection:
                connection.exec_driver_sql("ANALYZE")  # as autovacuum does after a minute
        yield "PostgreSQL", data, variables, known


def _ever_new(
    name: str, data: Path, variables: Mapping[str, str], known: Sequence[Credentials]
) -> Callable[[int], Figures]:
    def load(connections: int) -> Figures:
        """Load a server that has just started, until it has seen each client once at most."""
        with gatepass_server.served(data, variables) as server:
            figures = wrk(gatepass_server.issuing(name, server, *known), connections, SECONDS)
        if figures.per_second * SECONDS > CLIENTS:
            raise NotMeasuredError(f"{name}: clients came twice")
        return figures

    return load


if __name__ == "__main__":
    print_part(measure())
