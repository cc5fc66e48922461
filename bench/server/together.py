"""How long a token takes while pages, or the Partner API, get more requests than they can answer.

    python -m bench.server.together

First the capacity is measured: how many requests/s are answered one after the other over a few
connections. Then four times as many are sent, each at its time whatever becomes of the others,
while a token is requested a hundred times a second; and tokens alone before, as a comparison.
"""

import asyncio
import multiprocessing
import tempfile
import time
from collections import Counter
from multiprocessing.queues import Queue
from pathlib import Path

from bench.load import Request
from bench.rate import Connection, at_a_rate
from bench.report import Part, Row, limit_row, print_part
from bench.server import gatepass_server
from gatepass.wire.metadata import PARTNER_API

MOST = 25.0  # ms, p99 of a token beside the overload
TIMES = 4  # the capacity
SECONDS = 10.0
TOKENS = 100  # a second
_FEW = 8  # connections that measure the capacity
_LANES = 64  # connections of the overload


def main() -> None:
    """Measure and print."""
    print_part(measure())


def measure() -> Part:
    """Measure tokens alone, beside pages, and beside the Partner API."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        credentials = gatepass_server.create(data)
        org_id = gatepass_server.organization_id(data)
        token_requests = gatepass_server.token_request(credentials)
        with gatepass_server.served(data) as server:
            token = gatepass_server.token(gatepass_server.issuing("token", server, credentials))
            alone = asyncio.run(at_a_rate(server.port, lambda _: token_requests, TOKENS, SECONDS))
            rows.append(Row("token, alone, p99", f"{alone.p99():.1f} ms", "stated", None))
            bearer = {"Authorization": f"Bearer {token}"}
            for name, request in (
                ("pages", Request("GET", "/accounts/login/")),
                ("Partner API", Request("GET", f"{PARTNER_API}/org/{org_id}/users", bearer)),
            ):
                rows.append(_with_load(server.port, token_requests, name, request))
    return Part("Tokens beside an overload", {}, tuple(rows))


def _with_load(port: int, token_requests: Request, name: str, request: Request) -> Row:
    capacity = asyncio.run(_capacity(port, request))
    answered: multiprocessing.Queue[Counter[int]] = multiprocessing.Queue()
    overload = multiprocessing.Process(
        target=_overload, args=(port, request, TIMES * capacity, answered)
    )
    overload.start()
    time.sleep(1.0)  # until the load is steady
    with_load = asyncio.run(at_a_rate(port, lambda _: token_requests, TOKENS, SECONDS))
    statuses = answered.get()
    overload.join()
    if set(with_load.statuses) != {200}:
        raise RuntimeError(f"tokens were answered {dict(with_load.statuses)}")
    detail = f"{capacity:,.0f} {name}/s can be answered; of {TIMES} times as many {dict(statuses)}"
    return limit_row(f"token beside {name}, p99", with_load.p99(), MOST, "ms", detail)


def _overload(port: int, request: Request, rate: float, into: "Queue[Counter[int]]") -> None:
    asked = asyncio.run(at_a_rate(port, lambda _: request, rate, SECONDS + 2.0, _LANES))
    into.put(asked.statuses)


async def _capacity(port: int, request: Request) -> float:
    """Return the requests/s that are answered over a few connections."""
    until = time.monotonic() + 3.0
    counts = await asyncio.gather(
        *(_one_after_the_other(port, request, until) for _ in range(_FEW))
    )
    return sum(counts) / 3.0


async def _one_after_the_other(port: int, request: Request, until: float) -> int:
    count = 0
    connection = Connection(port)
    while time.monotonic() < until:
        await connection.ask(request)
        count += 1
    connection.close()
    return count


if __name__ == "__main__":
    main()
