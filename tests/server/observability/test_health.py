"""What `/readyz` tells, and when it is 503: only where tokens cannot be served rightly."""

import shutil
from pathlib import Path

import pytest

from gatepass.server.environment import maintenance
from gatepass.server.environment.environment import Environment
from server.fixtures import InProcessServer


def space(environment: Environment) -> None:
    environment.free_space = 63 << 20


def write(environment: Environment) -> None:
    environment.write_failure = "the disk is full"


def clock(environment: Environment) -> None:
    now = environment.clock.own()
    environment.clock.compare(now + 30, now, now)
    environment.clock.adjust()


@pytest.mark.parametrize(
    ("harm", "state"),
    [
        (space, "disk_full: 63 MiB are free; tokens are issued"),
        (write, "database_unwritable: changes are refused (the disk is full); tokens are issued"),
        (clock, "clock_offset: this machine's clock is 30 s behind the database's time"),
    ],
)
def test_what_leaves_tokens_right_is_told_and_the_server_stays_ready(
    fresh_server: InProcessServer, harm: object, state: str
) -> None:
    assert callable(harm)
    harm(fresh_server.environment())
    answer = fresh_server.send("GET", "/readyz")

    assert (answer.status_code, answer.json()["production"]) == (200, state)
    assert answer.json()["sandbox"] == "ok"
    assert answer.json()["status"] == "ready"
    assert fresh_server.ask(fresh_server.register()).status_code == 200


def test_the_free_space_is_that_of_the_databases_disk(
    server: InProcessServer, tmp_path: Path
) -> None:
    environment = server.environment()

    maintenance.probe_database(environment)

    assert environment.write_failure == ""
    assert environment.free_space is not None
    assert 0 < environment.free_space <= shutil.disk_usage(tmp_path).total
