from collections.abc import Iterator

import hypothesis
import pytest

from client.fake_server import CLIENT_ID, SECRET, ScriptedServer, scripted_server
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import source
from gatepass.wire.secret import Secret

# A busy machine is slow, which is no failure.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _no_shared_sources() -> None:
    """Forget shared sources: a server may get the port of one of an earlier test."""
    source._SHARED.clear()  # noqa: SLF001 - only a test would


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def settings(server: ScriptedServer) -> ClientSettings:
    return ClientSettings(server.token_url, CLIENT_ID, Secret(SECRET))
