import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient

from gatepass.server.app import Gatepass, create
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.throttling.hourly_limit import MOST_ROWS, HourlyLimit
from gatepass.server.domain.users.passwords.passwords import PasswordSettings
from gatepass.server.environment.environment import Environment
from gatepass.wire.credential import Mode
from server.direct import DirectClient, Loop
from server.partner_api.partner_client import Partner, join

# The cheapest hash that is allowed: nothing here is about passwords.
_CHEAP = PasswordSettings(time_cost=1, memory_kib=8 * 1024)


@pytest.fixture(scope="session")
def gatepass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatepass]:
    data: Path = tmp_path_factory.mktemp("data")
    app = create(Settings(data=data, password=_CHEAP))
    with TestClient(app):
        yield app


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    with Loop() as made:
        yield made


@pytest.fixture(scope="session")
def http(gatepass: Gatepass, loop: Loop) -> TestClient:
    return DirectClient(
        gatepass, loop, base_url="http://localhost:8000", raise_server_exceptions=False
    )


@pytest.fixture
def partner(gatepass: Gatepass, http: TestClient) -> Partner:
    """A partner of the environment that all tests share, which begins with a limit of its own."""
    environment = _environment(gatepass, Mode.LIVE)
    environment.context = replace(environment.context, audit_limit=HourlyLimit(MOST_ROWS))
    return join(http, environment)


@pytest.fixture
def other(gatepass: Gatepass, http: TestClient) -> Partner:
    return join(http, _environment(gatepass, Mode.LIVE), "Other Energy")


@pytest.fixture
def sandboxed(gatepass: Gatepass, loop: Loop) -> Partner:
    http = DirectClient(gatepass, loop, base_url="http://localhost:8001")
    return join(http, _environment(gatepass, Mode.TEST))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Partner]:
    """A partner of a server that listens on a free port of the loopback interface."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = create(Settings(data=tmp_path / "data", port=port, password=_CHEAP))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        app.lifespan.open()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield join(TestClient(app, base_url=f"http://localhost:{port}"), app.environments[0])
        server.should_exit = True
        thread.join()
        app.lifespan.close()


def _environment(gatepass: Gatepass, mode: Mode) -> Environment:
    return next(each for each in gatepass.environments if each.mode is mode)
