"""Figures of several workers: published, read and added up."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatepass.server.observability.metrics import snapshot
from gatepass.server.observability.metrics.counters import Counters, Counts
from gatepass.server.observability.metrics.snapshot import Queue, Snapshot, State
from gatepass.server.observability.metrics.workers import Workers

pytestmark = pytest.mark.slow

_MORE = {"revocations": 2, "waiting": 2, "clock_offset": 0}
_CACHE = {"cached": 5, "cache_bytes": 600, "evictions": 7, "miss_seconds": 0.25}


def counts(requests: int = 1) -> Counts:
    figures = Counters()
    for _ in range(requests):
        figures.observe("token", "ok", 0.01)
        figures.issued("opaque")
        figures.refused("wrong_secret")
    return figures.counts()


def figures(requests: int = 1, **state: float) -> Snapshot:
    values = {"hits": 3, "misses": 1, "lag": 0.1, "key_age": 60, "database_up": 1}
    made = State(**{**values, "database_writable": 1, **_MORE, **_CACHE, **state})  # type: ignore[arg-type]
    return Snapshot(counts(requests), {"production": made}, {"passwords": Queue(4, 5)})


def other(directory: Path, pid: int, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    file = directory / f"{pid}.json"
    file.write_text(text)
    return file


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
        "[[[], {}], {}]",
        '[[[["token", "ok", [1], 2]], {}, {}], {}]',
        '[[[], {}, {}], {"production": [1]}, {}]',
        '[[[], {}, {}], {}, {"passwords": [1]}]',
        "[[[], {}, {}], {}]",
        "[[[], {}, {}], []]",
        "[[[1], {}, {}], {}]",
    ],
)
def test_a_file_of_another_version_is_ignored(tmp_path: Path, text: str) -> None:
    workers = Workers(tmp_path / "metrics", figures)
    other(tmp_path / "metrics", os.getppid(), text)

    assert snapshot.read(text) is None
    assert workers.others() == []


def test_counts_add_up_and_of_states_the_worst_is_told() -> None:
    one = figures(2, lag=0.1, database_up=1, key_age=5, revocations=7, clock_offset=-3.0)
    two = figures(3, lag=9.0, database_up=0, key_age=6, revocations=7, clock_offset=-3.0)
    two = two._replace(
        states={"production": two.states["production"]._replace(database_writable=0)}
    )

    total = snapshot.total([one, two])

    assert total.workers == 2
    assert total.queues == {"passwords": Queue(8, 10)}
    (row,) = total.counts.rows
    assert sum(row.buckets) == 5
    assert row.seconds == pytest.approx(0.05)
    assert total.counts.tokens["opaque"] == total.counts.refusals["wrong_secret"] == 5
    assert total.states == {"production": State(6, 2, 9.0, 6, 0, 0, 7, 4, -3.0, 10, 1200, 14, 0.5)}


def test_the_figures_of_a_living_worker_are_read_and_ones_own_are_not(tmp_path: Path) -> None:
    directory = tmp_path / "metrics"
    workers = Workers(directory, figures)
    workers.publish()
    other(directory, os.getppid(), snapshot.write(figures(4)))

    assert workers.others() == [figures(4)]


def test_the_file_of_a_dead_worker_is_ignored_and_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    file = other(tmp_path / "metrics", ended.pid, snapshot.write(figures()))

    assert Workers(tmp_path / "metrics", figures).others() == []
    assert not file.exists()


def test_the_file_of_a_worker_that_is_silent_for_long_is_ignored(tmp_path: Path) -> None:
    file = other(tmp_path / "metrics", os.getppid(), snapshot.write(figures()))
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))

    assert Workers(tmp_path / "metrics", figures).others() == []


@pytest.mark.parametrize("name", ["x.json", "-1.json", "0x1.json", f"{'9' * 40}.json"])
def test_other_files_in_the_folder_do_no_harm(tmp_path: Path, name: str) -> None:
    directory = tmp_path / "metrics"
    directory.mkdir()
    (directory / name).write_text("{")

    assert Workers(directory, figures).others() == []


def test_a_worker_publishes_at_once_and_takes_it_back_when_it_ends(tmp_path: Path) -> None:
    directory = tmp_path / "metrics"
    workers = Workers(directory, figures)
    workers.start()
    file = directory / f"{os.getpid()}.json"
    deadline = time.monotonic() + 20
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert snapshot.read(file.read_text()) == figures()
    assert file.stat().st_mode & 0o077 == 0 or directory.stat().st_mode & 0o077 == 0
    workers.stop()
    assert list(directory.iterdir()) == []


def test_without_a_folder_there_are_no_others(tmp_path: Path) -> None:
    assert Workers(tmp_path / "metrics", figures).others() == []
