"""The token endpoint against an empty ASGI handler of the same answer, in one run.

Both are served by one uvicorn worker with the same settings and take turns under the same
load (wrk, one thread, 32 connections). The figure is the ratio, as machines differ and are
shared; each round's ratio is shown, and the median is what counts. On a machine that is busy
with other things the ratio of processor times is the one to believe.
"""

import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import json
import subprocess
import tempfile
from base64 import b64encode
from pathlib import Path
from statistics import median

from bench.load import Figures, Load, free_port, peak_memory, running, wrk

ROUNDS = 7
SECONDS = 4
CONNECTIONS = 32
TO_REACH = 0.70
BODY = "grant_type=client_credentials"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        headers = _credentials(data)
        empty_port, port = free_port(), free_port()
        serve = ["-m", "gatepass", "serve", "--data", str(data), "--port", str(port)]
        with (
            running(["-m", "bench.empty", str(empty_port)], empty_port) as empty_id,
            running(serve, port, "/readyz") as token_id,
        ):
            load = Load(headers, BODY, CONNECTIONS, SECONDS)
            served = ((empty_port, empty_id), (port, token_id))
            rounds = [_round(load, *served) for _ in range(ROUNDS)]
            memory = peak_memory(token_id)
    _print(rounds, memory)


def _credentials(data: Path) -> dict[str, str]:
    organization = _gatepass(data, "organization", "create", "Bench", "--admin", "bench")
    application = _gatepass(
        data, "application", "create", "--organization", organization["org_id"], "--name", "bench"
    )
    pair = f"{application['client_id']}:{application['client_secret']}"
    return {
        "Authorization": "Basic " + b64encode(pair.encode()).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }


def _gatepass(data: Path, *arguments: str) -> dict[str, str]:
    command = [sys.executable, "-m", "gatepass", *arguments, "--data", str(data), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, str] = json.loads(ran.stdout)
    return answer


def _round(load: Load, *served: tuple[int, int]) -> list[Figures]:
    return [
        wrk(f"http://127.0.0.1:{port}/oauth2/token/", load, process_id)
        for port, process_id in served
    ]


def _print(rounds: list[list[Figures]], memory: float) -> None:
    print(f"{'':24}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'CPU us':>10}")
    for name, column in (("empty ASGI handler", 0), ("token endpoint", 1)):
        figures = [each[column] for each in rounds]
        print(
            f"{name:24}"
            f"{median(each.per_second for each in figures):12,.0f}"
            f"{median(each.p50 for each in figures):10.2f}"
            f"{median(each.p99 for each in figures):10.2f}"
            f"{median(each.cpu for each in figures):10.1f}"
        )
    _print_ratios("by requests/s", [token.per_second / empty.per_second for empty, token in rounds])
    _print_ratios("by CPU time", [empty.cpu / token.cpu for empty, token in rounds])
    print(f"peak memory    {memory:.0f} MB")


def _print_ratios(name: str, ratios: list[float]) -> None:
    each = "  ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"{name:14} {median(ratios):.2f}   (to reach: {TO_REACH:.2f}; rounds: {each})")


if __name__ == "__main__":
    main()
