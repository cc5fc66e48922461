from pathlib import Path

import pyrage
import pytest

from gatepass.server.configuration.settings import Settings, load
from gatepass.server.environment.backup.encryption import Recipients, Unlock
from gatepass.wire.secret import Secret
from server.environment.backup import places_with_data
from server.environment.backup.backups import Lock


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A place with a row in every table of both environments, which nobody changes."""
    return places_with_data.make(load(data=tmp_path_factory.mktemp("source") / "data"))


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    """A key pair for a backup."""
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity"
    file.write_text(str(identity))
    return Lock(Recipients((str(identity.to_public()),)), Unlock((file,), lambda: Secret("")))
