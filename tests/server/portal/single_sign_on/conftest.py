from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatepass.testing import Clock
from server.environment.openid_provider.fake_provider import FakeProvider
from server.portal.fixtures import START, PortalServer, copied
from server.portal.single_sign_on.company import Company

SETTINGS = {"private_networks": ["127.0.0.0/8"]}


@pytest.fixture(scope="session")
def listening() -> Iterator[FakeProvider]:
    made = FakeProvider(Clock(START))
    yield made
    made.close()


@pytest.fixture(scope="session")
def prepared_company(
    prepared: Path, listening: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data directory in which single sign-on is on; copies of it are quicker than new ones."""
    data = copied(prepared, tmp_path_factory.mktemp("company") / "data")
    clock = Clock(START)
    listening.reset(clock)  # a test of this process may have told it to answer wrongly
    portal = PortalServer(data, clock, single_sign_on=SETTINGS)
    Company(portal, listening).set_up()
    portal.run("DELETE FROM session")
    portal.run("DELETE FROM device")
    portal.close()
    return data


@pytest.fixture
def provider(listening: FakeProvider, clock: Clock) -> FakeProvider:
    listening.reset(clock)
    return listening


@pytest.fixture
def company(
    make_portal: Callable[..., PortalServer],
    prepared_company: Path,
    provider: FakeProvider,
    tmp_path: Path,
) -> Company:
    """Acme, which has turned single sign-on on; bo's organization has none."""
    copied(prepared_company, tmp_path / "data")
    return Company(make_portal(single_sign_on=SETTINGS), provider)
