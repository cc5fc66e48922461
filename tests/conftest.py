from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import Server, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server that the tests of a session share; make your own organization in it."""
    with serving(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A running server on an empty data directory, for this test alone."""
    with serving(tmp_path / "data") as running:
        yield running
