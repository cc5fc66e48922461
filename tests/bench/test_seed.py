"""What the benchmarks put into a store by the million is what the product would put there."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.server.seed import register, revoke
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.environment.environment import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with closing(Database(sqlite_url(file(tmp_path, Mode.LIVE)))) as database:
        database.migrate()
    return tmp_path


def test_the_sample_of_the_filled_applications_has_its_secrets(data: Path) -> None:
    sample = register(data, count=30, sample=10)

    assert len(sample) == 10
    with (
        closing(Database(sqlite_url(file(data, Mode.LIVE)))) as database,
        database.read() as connection,
    ):
        for known in sample:
            found = lookup.find_by_client_id(connection, known.client_id)
            assert found is not None
            (kept,) = found.live_secrets(datetime.now(UTC))
            assert Secret(known.client_secret).matches(kept.digest)


def test_filled_revocations_outlive_the_measurement(data: Path) -> None:
    revoke(data, 50)

    with (
        closing(Database(sqlite_url(file(data, Mode.LIVE)))) as database,
        database.read() as connection,
    ):
        unexpired = revocations.unexpired(connection, datetime.now(UTC))
        assert len(list(unexpired)) == 50
