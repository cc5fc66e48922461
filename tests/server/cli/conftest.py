from collections.abc import Callable
from pathlib import Path

import pytest

from harness import Ran, run

Command = Callable[..., Ran]


@pytest.fixture(scope="module")
def gatepass(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Run `gatepass` commands on a data directory that the tests of a module share."""
    data = tmp_path_factory.mktemp("cli") / "data"

    def command(*arguments: str) -> Ran:
        return run(*arguments, "--data", str(data))

    return command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"
