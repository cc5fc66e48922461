"""Tokens/s of Gatepass against django-oauth-toolkit and node-oidc-provider, in one run.

Each has one worker and takes turns under the same load: `python -m bench.server.peers`.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.load import CONNECTIONS, Figures, Turn, in_turns, steady, wrk
from bench.peers.served import django_database, django_oauth_toolkit, oidc_provider
from bench.report import ByConnections, Part, Row, possible, print_part, ratio_row
from bench.server import gatepass_server

ROUNDS = 3
SECONDS = 4
SLOW_SECONDS = 8  # for a peer that answers a few requests in one
GATEPASS = "Gatepass, opaque"
DJANGO = "django-oauth-toolkit"
NODE = "node-oidc-provider"
PEERS = (NODE, DJANGO)


def measure() -> Part:
    """Measure how many tokens a worker makes."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        turns = list(_turns(stack, Path(folder, "data")))
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
    return Part("Tokens, against peers", series, tuple(_rows(series)))


def _turns(stack: ExitStack, data: Path) -> Iterator[Turn]:
    known = gatepass_server.create(data)
    server = stack.enter_context(gatepass_server.served(data))
    return possible(
        lambda: steady(gatepass_server.issuing(GATEPASS, server, known), SECONDS),
        lambda: steady(stack.enter_context(oidc_provider(NODE)), SECONDS),
        lambda: _django(data / "django.sqlite3"),
    )


def _django(database: Path) -> Turn:
    """Return a turn with a new server each time, which has nothing of the last load to work off."""
    django_database(DJANGO, database)

    def load(connections: int) -> Figures:
        with django_oauth_toolkit(DJANGO, database) as target:
            return wrk(target, connections, SLOW_SECONDS)

    return Turn(DJANGO, load)


def _rows(series: ByConnections) -> Iterator[Row]:
    for its, least in ((DJANGO, 1000), (NODE, 6)):
        yield ratio_row(f"tokens/s, of {its}", series, GATEPASS, its, least, ".1f")


if __name__ == "__main__":
    print_part(measure())
