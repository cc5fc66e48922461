from collections.abc import Callable, Iterator

import pytest

from gatepass.testing import Clock
from server.environment.openid_provider.fake_provider import FakeProvider
from server.portal.fixtures import PortalServer
from server.portal.single_sign_on.company import Company


@pytest.fixture
def provider(clock: Clock) -> Iterator[FakeProvider]:
    made = FakeProvider(clock)
    yield made
    made.close()


@pytest.fixture
def company(make_portal: Callable[..., PortalServer], provider: FakeProvider) -> Company:
    """Acme, which has turned single sign-on on; bo's organization has none."""
    portal = make_portal(single_sign_on={"private_networks": ["127.0.0.0/8"]})
    made = Company(portal, provider)
    made.set_up()
    return made
