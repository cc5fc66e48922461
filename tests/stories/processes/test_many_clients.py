"""After a restart, partners that the server has not in memory ask all at once."""

import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from bench.server import seed
from bench.server.gatepass_server import Credentials
from gatepass.server.domain.applications.model import new_client_id
from gatepass.wire.credential import Mode
from server_process import Server, serving

CLIENTS = 3_000
THREADS = 8
UNKNOWN = 2_000


def _ask(server: Server, pairs: list[tuple[str, str]]) -> Counter[int]:
    """Return the statuses of one token request for each of these clients."""
    form = {"grant_type": "client_credentials"}
    with httpx2.Client(base_url=server.url(), trust_env=False) as client:
        return Counter(
            client.post("/oauth2/token/", data=form, auth=pair).status_code for pair in pairs
        )


def _all_at_once(server: Server, pairs: list[tuple[str, str]]) -> Counter[int]:
    with ThreadPoolExecutor(THREADS) as pool:
        parts = [pairs[place::THREADS] for place in range(THREADS)]
        return sum(pool.map(lambda part: _ask(server, part), parts), Counter())


def _misses(server: Server) -> float:
    text = httpx2.get(f"{server.url()}/metrics", trust_env=False).text
    found = re.search(
        r'application_cache_lookups_total\{environment="production",result="miss"\} ([\d.e+]+)',
        text,
    )
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_thousands_of_clients_get_a_token_each_after_a_restart_and_so_do_others(
    tmp_path: Path, workers: str
) -> None:
    with serving(tmp_path / "data", "--workers", workers) as server:
        known = [(each.client_id, each.client_secret) for each in _seeded(tmp_path / "data")]
        server.stop()
        server.start()

        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(_ask, server, known[:1] * 500)
            statuses = _all_at_once(server, known[1:])
            others = other.result()

        assert statuses == {200: CLIENTS - 1}
        assert others == {200: 500}
        assert [e for e in server.events() if e["level"] in ("warning", "error")] == []


def test_a_flood_of_made_up_clients_takes_no_token_from_those_who_are_known(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data") as server:
        known = [(each.client_id, each.client_secret) for each in _seeded(tmp_path / "data")][:200]
        assert _all_at_once(server, known) == {200: 200}
        before = _misses(server)
        strangers = [(new_client_id(Mode.LIVE, os.urandom(16)), "x") for _ in range(UNKNOWN)]

        refused = _all_at_once(server, strangers)

        assert set(refused) <= {401, 429}
        between = _misses(server)
        assert 0 < between - before <= UNKNOWN
        assert _all_at_once(server, known) == {200: 200}
        assert _misses(server) == between  # the flood has put none of them out of memory


def _seeded(data: Path) -> list[Credentials]:
    return seed.register(data, CLIENTS, CLIENTS)
