import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts import postgres
from gatepass.server.storage.database import Database, sqlite_url
from server.migrated import empty_database


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
    return _create(cluster, _new_name())


@pytest.fixture(scope="session")
def template(cluster: str) -> str:
    """The name of a database with this version's tables on PostgreSQL, which is only copied."""
    name = _new_name()
    made = Database(_create(cluster, name))
    made.migrate()
    made.close()
    return name


@pytest.fixture
def migrated_postgresql_url(cluster: str, template: str) -> str:
    """The address of a database with this version's tables on PostgreSQL."""
    return _create(cluster, _new_name(), template)


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
def database(request: pytest.FixtureRequest, url: str, connect: Callable[[], Database]) -> Database:
    """A database with this version's tables, copied: migrations have tests of their own."""
    if url.startswith("postgresql"):
        cluster, template = request.getfixturevalue("cluster"), request.getfixturevalue("template")
        name = url.partition("?")[0].rpartition("/")[2]
        _run(cluster, f"DROP DATABASE {name}")
        _create(cluster, name, template)
    else:
        shutil.copyfile(empty_database(), url.removeprefix("sqlite:///"))
    return connect()


def _new_name() -> str:
    return f"test_{uuid4().hex}"


def _create(address: str, name: str, template: str = "template1") -> str:
    _run(address, f"CREATE DATABASE {name} TEMPLATE {template}")
    return address.format(name=name)


def _run(address: str, statement: str) -> None:
    server = Database(address.format(name="postgres"))
    autocommit = server.engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection:
        connection.execute(text(statement))
    server.close()
