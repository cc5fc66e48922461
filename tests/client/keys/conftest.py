from collections.abc import Iterator

import pytest

from client.keys.key_server import KeyServer, key_server
from gatepass.jose.keys.private_key import PrivateKey


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with key_server() as running:
        yield running


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    return PrivateKey.generate("ES256")


@pytest.fixture(scope="session")
def other() -> PrivateKey:
    return PrivateKey.generate("ES256")
