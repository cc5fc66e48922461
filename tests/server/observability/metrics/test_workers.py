"""Several workers: what each publishes, what a scrape has of all, what remains of ended ones."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.server.observability.metrics import snapshot
from gatepass.server.observability.metrics.counters import Counters
from gatepass.server.observability.metrics.ended_workers import EndedWorkers
from gatepass.server.observability.metrics.families import FAMILIES, Key
from gatepass.server.observability.metrics.snapshot import Snapshot
from gatepass.server.observability.metrics.workers import Workers

pytestmark = pytest.mark.slow

TOKENS: Key = ("gatepass_tokens_issued", ("production", "opaque"))
WORKERS: Key = ("gatepass_workers", ())
STATE: dict[Key, float] = {
    ("gatepass_feed_lag_seconds", ("production",)): 0.1,
    ("gatepass_database_up", ("production",)): 1,
    ("gatepass_clock_offset_seconds", ("production",)): 0.5,
    ("gatepass_queue_waiting", ("production", "pages")): 4,
    ("gatepass_queue_refused", ("production", "pages")): 5,
    ("process_cpu_seconds", ("17",)): 30,
}


def figures(requests: int = 1, pid: int = 17, **more: float) -> Snapshot:
    """Return the metrics of a worker; `more` are metrics of production."""
    counted = Counters()
    for _ in range(requests):
        counted.observe("production", "token", "ok", 0.01)
    values = {**dict(counted.values()), **STATE, WORKERS: 1, TOKENS: requests}
    values["process_cpu_seconds", (str(pid),)] = values.pop(("process_cpu_seconds", ("17",)))
    values |= {(f"gatepass_{name}", ("production",)): value for name, value in more.items()}
    return Snapshot(counted.rows(), values)


def other(directory: Path, pid: int, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    file = directory / f"{pid}.json"
    file.write_text(text)
    return file


def ended_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


@pytest.fixture
def workers(directory: Path) -> Workers:
    return Workers(directory, figures)


def scrape(workers: Workers) -> Snapshot:
    return snapshot.total(workers.all())


def tokens(workers: Workers) -> float:
    found = scrape(workers)
    [row] = found.rows
    assert sum(row.buckets) == found.values[TOKENS]
    return found.values[TOKENS]


def test_a_snapshot_survives_its_way_through_a_file() -> None:
    assert snapshot.read(snapshot.write(figures(5))) == figures(5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        "[[], {}, {}]",
        '[[["production", "token", "ok", [1], 2]], []]',
        '[[["token", "ok", [1], 2]], []]',
        '[[], [["gatepass_ready", ["production"]]]]',
        '[[], [["gatepass_ready", ["production"], "x"]]]',
        '[[], [["gatepass_ready", 7, 1]]]',
        "[[1], []]",
    ],
)
def test_a_file_that_is_none_of_a_worker_is_ignored(
    workers: Workers, directory: Path, text: str
) -> None:
    other(directory, os.getppid(), text)

    assert snapshot.read(text) is None
    assert tokens(workers) == 1


def test_metrics_that_another_version_has_are_left_out_and_the_others_are_read(
    workers: Workers, directory: Path
) -> None:
    values: list[object] = [["gatepass_of_tomorrow", ["x"], 1], [*TOKENS, 4]]
    values.append(["gatepass_ready", [], 1])  # which has other labels there
    rows = [["production", "token", "ok", [4, 0, 0, 0, 0, 0, 0], 0.1]]
    other(directory, os.getppid(), json.dumps([rows, values]))

    assert tokens(workers) == 5


def test_counts_add_up_and_of_states_the_worst_is_told() -> None:
    one = figures(2, 1, database_up=1, feed_lag_seconds=0.1, clock_offset_seconds=0.5)
    two = figures(3, 2, database_up=0, feed_lag_seconds=9.0, clock_offset_seconds=-3.0)

    total = snapshot.total([one, two]).values

    assert total[WORKERS] == 2
    assert total[TOKENS] == 5
    assert total["gatepass_queue_waiting", ("production", "pages")] == 8
    assert total["gatepass_queue_refused", ("production", "pages")] == 10
    assert total["gatepass_database_up", ("production",)] == 0
    assert total["gatepass_feed_lag_seconds", ("production",)] == 9
    assert total["gatepass_clock_offset_seconds", ("production",)] == -3
    assert total["process_cpu_seconds", ("1",)] == total["process_cpu_seconds", ("2",)] == 30


def test_every_metric_of_a_worker_is_a_known_one_with_its_labels() -> None:
    for name, labels in figures().values:
        assert len(FAMILIES[name].labels) == len(labels)


def test_a_scrape_has_the_figures_of_a_living_worker_and_ones_own_once(
    workers: Workers, directory: Path
) -> None:
    workers.publish()
    other(directory, os.getppid(), snapshot.write(figures(4)))

    assert tokens(workers) == 5
    assert scrape(workers).values[WORKERS] == 2


def test_a_scrape_publishes_what_it_shows(workers: Workers, directory: Path) -> None:
    directory.mkdir()
    scrape(workers)

    assert snapshot.read((directory / f"{os.getpid()}.json").read_text()) == figures()


def test_the_counts_of_a_worker_that_was_killed_stay_and_its_state_does_not(
    workers: Workers, directory: Path
) -> None:
    file = other(directory, ended_process(), snapshot.write(figures(7, 99, feed_lag_seconds=50)))

    for _ in range(3):
        found = scrape(workers)
        assert found.values[TOKENS] == 8
        assert found.values[WORKERS] == 1
        assert found.values["gatepass_feed_lag_seconds", ("production",)] == 0.1
        assert ("process_cpu_seconds", ("99",)) not in found.values
        assert found.values["gatepass_queue_waiting", ("production", "pages")] == 4
        assert found.values["gatepass_queue_refused", ("production", "pages")] == 10
    assert not file.exists()


def test_the_counts_of_many_ended_workers_are_added(workers: Workers, directory: Path) -> None:
    for _ in range(3):
        other(directory, ended_process(), snapshot.write(figures(2)))
        assert tokens(workers)

    assert tokens(workers) == 7


def test_a_crash_between_adding_and_removing_a_file_counts_nothing_twice(
    workers: Workers, directory: Path
) -> None:
    file = other(directory, ended_process(), snapshot.write(figures(7)))
    text, at = file.read_text(), file.stat().st_mtime_ns
    assert tokens(workers) == 8
    file.write_text(text)
    os.utime(file, ns=(at, at))

    assert tokens(workers) == 8
    assert tokens(workers) == 8
    assert not file.exists()


@pytest.fixture
def adding_elsewhere(directory: Path) -> Iterator[None]:
    directory.mkdir()
    with (directory / "ended.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.mark.usefixtures("adding_elsewhere")
def test_while_another_process_adds_nobody_waits_and_the_sum_is_right(
    workers: Workers, directory: Path
) -> None:
    file = other(directory, ended_process(), snapshot.write(figures(7)))

    assert tokens(workers) == 8
    assert file.exists()


def test_of_a_worker_that_is_silent_for_long_only_the_counts_are_used(
    workers: Workers, directory: Path
) -> None:
    file = other(directory, os.getppid(), snapshot.write(figures(7)))
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))

    assert tokens(workers) == 8
    assert scrape(workers).values[WORKERS] == 1


@pytest.mark.parametrize("name", ["x.json", "-1.json", "0x1.json", f"{'9' * 40}.json"])
def test_other_files_in_the_folder_do_no_harm(workers: Workers, directory: Path, name: str) -> None:
    directory.mkdir()
    (directory / name).write_text("{")

    assert tokens(workers) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "[[], 7]", '[7, "[[], []]"]'])
def test_a_sum_of_ended_workers_that_cannot_be_read_begins_anew(
    workers: Workers, directory: Path, text: str
) -> None:
    directory.mkdir()
    (directory / "ended.json").write_text(text)

    assert tokens(workers) == 1


def test_a_worker_publishes_at_once_and_leaves_its_counts_when_it_ends(directory: Path) -> None:
    workers = Workers(directory, figures)
    workers.start()
    file = directory / f"{os.getpid()}.json"
    deadline = time.monotonic() + 20
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert snapshot.read(file.read_text()) == figures()
    assert directory.stat().st_mode & 0o077 == 0
    workers.stop()
    assert not file.exists()
    assert EndedWorkers(directory).read().counted.values[TOKENS] == 1


def test_a_process_id_that_is_used_again_loses_no_counts(directory: Path) -> None:
    other(directory, os.getpid(), snapshot.write(figures(9)))
    workers = Workers(directory, figures)
    workers.start()

    assert tokens(workers) == 10
    workers.stop()


def test_where_nothing_can_be_written_a_scrape_has_the_own_figures(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert tokens(Workers(tmp_path / "file" / "metrics", figures)) == 1
