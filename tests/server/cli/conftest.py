from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Ran
from gatepass.server.configuration.settings import load
from gatepass.server.environment import data_directory
from server.cli import inside
from server.migrated import give_tables

Command = Callable[..., Ran]


def made(data: Path) -> Path:
    """Make a data directory, as `gatepass serve` does at its first start."""
    configured = load(data=data)
    give_tables(configured)
    data_directory.prepare(configured)
    return data


@pytest.fixture(scope="module")
def gatepass(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Run `gatepass` commands on a data directory that the tests of a module share.

    In this process, as a process for each takes a second; `commands.run` starts one.
    """
    data = made(tmp_path_factory.mktemp("cli") / "data")

    def command(*arguments: str) -> Ran:
        return inside.run(*arguments, data=data)

    return command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"
