from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from server.fixtures import Client, InProcessServer, standing, standing_still

# A busy machine is slow, which is no failure.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A Gatepass that tests share; its clock stands still and nobody moves it."""
    with standing(tmp_path_factory.mktemp("stand")) as opened:
        yield opened


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[InProcessServer]:
    """A Gatepass for one test, which may move its clock and take its database away."""
    with standing_still(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(scope="session")
def client(stand: InProcessServer) -> Client:
    """An application that tests share; register another to change it."""
    return stand.register()
