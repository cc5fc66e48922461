from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from server.fixtures import Client, InProcessServer, open_passive_server, open_server

# A busy machine is slow, which is no failure.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A Gatepass that tests share; its clock stands still and nobody moves it."""
    with open_server(tmp_path_factory.mktemp("server")) as opened:
        yield opened


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[InProcessServer]:
    """A Gatepass for one test, which may move its clock and take its database away."""
    with open_passive_server(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(scope="session")
def client(server: InProcessServer) -> Client:
    """An application that tests share; register another to change it."""
    return server.register()
