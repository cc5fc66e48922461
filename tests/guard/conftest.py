import os
from collections.abc import Iterator

import pytest

from guard.fake_issuer import FakeAuthorizationServer
from guard.fake_network import Setup
from guard.http_server import serving
from guard.tokens import Issuer

# Django and REST framework read it when they are imported.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guard.adapters.site_settings")


@pytest.fixture(scope="session")
def running() -> Iterator[FakeAuthorizationServer]:
    fake = FakeAuthorizationServer()
    with serving(fake.app) as address:
        fake.issuer = address
        yield fake


@pytest.fixture
def server(running: FakeAuthorizationServer) -> Iterator[FakeAuthorizationServer]:
    """Return the authorization server, which knows no token yet."""
    yield running
    running.forget()


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """Return an issuer of JWTs, whose keys are known."""
    return Issuer()


@pytest.fixture(scope="session")
def attacker() -> Issuer:
    """Return an issuer whose keys have the same names, and which must not be trusted."""
    return Issuer()


@pytest.fixture
def setup(server: FakeAuthorizationServer, issuer: Issuer) -> Iterator[Setup]:
    """Return an issuer of JWTs with guards before an API of its."""
    made = Setup(server, issuer)
    yield made
    made.close()
