"""Two workers: one scrape has the figures of both."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server_process import Server, serving

_PATIENCE = 30.0  # seconds, after which a test gives up
_TOKENS = 40
COUNTED = (
    "gatepass_tokens_issued_total['opaque', 'production']",
    "gatepass_request_duration_seconds_count['ok', 'production', 'token']",
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("metrics") / "data", "--workers", "2") as running:
        yield running


def scrape(server: Server) -> dict[str, float]:
    """Ask over a new connection, which either worker may take."""
    text = httpx2.get(f"http://127.0.0.1:{server.port}/metrics", trust_env=False).text
    return {
        f"{each.name}{sorted(each.labels.values())}": each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def both_publish(server: Server) -> bool:
    return scrape(server)["gatepass_workers[]"] == 2


def test_a_scrape_of_one_worker_has_the_sum_of_both(two: Server) -> None:
    wait(lambda: both_publish(two))
    organization = two.create_organization()
    credentials = two.create_application(organization.org_id)
    for _ in range(_TOKENS):  # each over a connection of its own, so that both workers get some
        answer = httpx2.post(
            two.url() + "/oauth2/token/",
            auth=credentials[:2],
            data={"grant_type": "client_credentials"},
            trust_env=False,
        )
        assert answer.status_code == 200

    def each_tells_the_sum() -> bool:
        told = [scrape(two) for _ in range(10)]
        return all(
            each["gatepass_tokens_issued_total['opaque', 'production']"]
            == each["gatepass_request_duration_seconds_count['ok', 'production', 'token']"]
            == _TOKENS
            for each in told
        )

    wait(each_tells_the_sum)


def test_a_worker_that_was_killed_is_replaced_and_what_it_counted_stays_in_the_sum(
    two: Server,
) -> None:
    wait(lambda: both_publish(two))
    folder = two.data / "metrics"
    dead = int(min(file.stem for file in folder.glob("[0-9]*.json")))
    before = scrape(two)
    os.kill(dead, signal.SIGKILL)

    def is_replaced() -> bool:
        now = scrape(two)
        assert [name for name in COUNTED if now[name] < before[name]] == []
        return now["gatepass_workers[]"] == 2 and not (folder / f"{dead}.json").exists()

    wait(is_replaced)
    assert scrape(two)[COUNTED[0]] == _TOKENS
    assert len(list(folder.glob("[0-9]*.json"))) == 2


def test_the_metrics_of_each_process_have_its_id(two: Server) -> None:
    wait(lambda: both_publish(two))
    told = scrape(two)
    pids = {file.stem for file in (two.data / "metrics").glob("[0-9]*.json")}

    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "start_time_seconds"):
        assert all(told[f"process_{name}['{pid}']"] > 0 for pid in pids)


def test_workers_that_end_leave_their_counts_to_those_that_come(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--workers", "2") as server:
        wait(lambda: both_publish(server))
        assert server.stop() == 0

        assert list((server.data / "metrics").glob("[0-9]*.json")) == []
        assert (server.data / "metrics" / "ended.json").exists()


def test_traces_can_be_turned_on(tmp_path: Path) -> None:
    with serving(tmp_path / "data", variables={"GATEPASS_TRACES": "true"}) as server:
        assert server.ask("GET", "/.well-known/oauth-authorization-server").status == 200
        assert server.stop() == 0
