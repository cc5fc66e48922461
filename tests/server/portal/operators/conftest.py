from collections.abc import Callable
from pathlib import Path

import pytest

from gatepass.testing import Clock
from server.portal.fixtures import START, PortalServer, copied
from server.portal.operators.people import add_operators


@pytest.fixture(scope="session")
def prepared_operators(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with operators; copies of it are quicker than new ones."""
    data = copied(prepared, tmp_path_factory.mktemp("operators") / "data")
    portal = PortalServer(data, Clock(START))
    add_operators(portal)
    portal.close()
    return data


@pytest.fixture
def operated(
    make_portal: Callable[..., PortalServer], prepared_operators: Path, tmp_path: Path
) -> PortalServer:
    """A portal with the operators olga (owner), mara, stan, and nico, who has no role."""
    copied(prepared_operators, tmp_path / "data")
    return make_portal()
