from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts import postgres
from gatepass.server.storage.database import Database, sqlite_url


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a running PostgreSQL with `{name}` for the database; skips without one."""
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "production.sqlite3")
    address: str = request.getfixturevalue("postgresql_url")
    return address


@pytest.fixture
def postgresql_url(cluster: str) -> str:
    """The address of an empty database on PostgreSQL."""
    return _create(cluster, f"test_{uuid4().hex}")


@pytest.fixture
def connect(url: str) -> Iterator[Callable[[], Database]]:
    """Opens the same database as often as it is called, as several processes would."""
    opened: list[Database] = []

    def open_one() -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def database(connect: Callable[[], Database]) -> Database:
    """A database with this version's tables."""
    database = connect()
    database.migrate()
    return database


def _create(address: str, name: str) -> str:
    server = Database(address.format(name="postgres"))
    autocommit = server.engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.close()
    return address.format(name=name)
