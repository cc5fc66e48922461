"""The database comes back as it was before: a backup is restored, or another server takes over."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from contracts.samples import NOW
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.operations import Registered
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.keys import operations as keys
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.domain.revocations.feed.cursor import Cursor
from gatepass.server.domain.users.passwords.passwords import Hasher, PasswordSettings
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage.database import Connection, Database
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.credential import Mode

_CHEAP = PasswordSettings(time_cost=1, memory_kib=8 * 1024)
_TOKEN = bytes(range(16))
_BACKUP = """
import sqlite3, sys
from contextlib import closing

with closing(sqlite3.connect(sys.argv[1])) as source, closing(sqlite3.connect(sys.argv[2])) as to:
    source.backup(to)
"""


@pytest.fixture
def environment(url: str, tmp_path: Path) -> Iterator[ServedEnvironment]:
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    given = EnvironmentSettings(database="" if is_sqlite else url)
    settings = Settings(data=tmp_path, production=given, password=_CHEAP)
    opened = ServedEnvironment(Mode.LIVE, settings, MasterKey(b"m" * 32), Hasher(_CHEAP))
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def back_up(url: str, tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """Copies the database as it is; what that gives brings the copy back."""
    if make_url(url).get_backend_name() == "sqlite":
        return lambda: _copy_of_file(tmp_path / "production.sqlite3", tmp_path / "copy.sqlite3")
    return lambda: _copy_on_postgresql(url)


def test_memory_is_built_again_from_the_older_database(
    environment: ServedEnvironment, back_up: Callable[[], Callable[[], None]]
) -> None:
    kept = register(environment)
    applications.set_enabled(
        environment.context, OPERATOR, kept.application.id, enabled=False, org_id=None
    )
    restore = back_up()
    applications.set_enabled(
        environment.context, OPERATOR, kept.application.id, enabled=True, org_id=None
    )
    lost = register(environment)
    catalogue.add_resource(environment.context, OPERATOR, "https://lost.example.com", "Lost")
    revoke(environment)
    keys.rotate(environment.context, environment.purposes, OPERATOR, at_once=True)
    for each in (kept, lost):
        assert environment.applications.load(each.application.client_id)
    old_keys = environment.keys

    restore()
    environment.catch_up()

    assert environment.applications.get(lost.application.client_id) is None
    found = environment.applications.load(kept.application.client_id)
    assert found
    assert found.is_disabled
    assert "https://lost.example.com" not in environment.catalogue.resources
    assert _TOKEN not in environment.state.revoked
    assert environment.keys.opaque_token_key.id != old_keys.opaque_token_key.id
    assert not environment.is_stale()


def test_what_is_changed_after_the_restore_is_known_at_once(
    environment: ServedEnvironment, back_up: Callable[[], Callable[[], None]]
) -> None:
    restore = back_up()
    for _ in range(3):
        register(environment)
    restore()

    revoke(environment)  # its number is one that memory already knows

    assert _TOKEN in environment.state.revoked


def test_as_many_changes_as_were_lost_do_not_pass_for_them(
    environment: ServedEnvironment, back_up: Callable[[], Callable[[], None]], url: str
) -> None:
    """Another process has made changes of the same numbers before this one has looked."""
    restore = back_up()
    lost = register(environment)
    assert environment.applications.load(lost.application.client_id)
    restore()
    while_away = Database(url)
    with closing(while_away), while_away.write() as connection:
        changes.record(connection, changes.IMPORT, "elsewhere", NOW)
        assert changes.latest(connection) == environment.position.seq

    environment.catch_up()

    assert environment.applications.get(lost.application.client_id) is None


def test_nothing_is_answered_from_memory_until_it_is_built_again(
    environment: ServedEnvironment, back_up: Callable[[], Callable[[], None]], url: str
) -> None:
    restore = back_up()
    register(environment)
    restore()
    database = environment.database
    broken = _WithoutCatalogue(url)
    with closing(broken):
        environment.database = broken
        with pytest.raises(RuntimeError):
            environment.catch_up()
        environment.database = database

    assert environment.is_stale()
    environment.catch_up()
    assert not environment.is_stale()


def test_a_reader_of_the_revocation_feed_gets_the_pages_of_the_database_that_is_there(
    environment: ServedEnvironment, back_up: Callable[[], Callable[[], None]]
) -> None:
    restore = back_up()
    revoke(environment)
    told = Cursor(environment.position)
    before = asyncio.run(
        environment.feed_pages.get(None, environment.position.seq, environment.rebuilds)
    )
    assert _TOKEN.hex() in before.members

    restore()
    environment.catch_up()

    first = asyncio.run(
        environment.feed_pages.get(None, environment.position.seq, environment.rebuilds)
    )
    assert _TOKEN.hex() not in first.members
    assert asyncio.run(
        environment.feed_pages.get(told, environment.position.seq, environment.rebuilds)
    ).resets


def test_a_change_that_is_not_lost_builds_nothing_again(environment: ServedEnvironment) -> None:
    register(environment)
    environment.catch_up()

    assert environment.rebuilds == 0


def register(environment: ServedEnvironment) -> Registered:
    created = organization_lifecycle.create(
        environment.context, environment.hasher, OPERATOR, "Acme", f"anna{environment.position.seq}"
    )
    return applications.register(
        environment.context,
        environment.catalogue,
        OPERATOR,
        created.organization.id,
        name="Billing",
    )


def revoke(environment: ServedEnvironment) -> None:
    now = environment.now()
    with environment.database.write() as connection:
        revocations.add(connection, _TOKEN, now + timedelta(hours=1))
        changes.record(connection, changes.REVOCATION, _TOKEN.hex(), now)
    environment.refresh()


class _WithoutCatalogue(Database):
    """Fails after the transaction that reads the change feed."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._reads = 0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._reads += 1
        if self._reads > 1:
            raise RuntimeError
        with super().read() as connection:
            yield connection


def _copy_of_file(file: Path, copy: Path) -> Callable[[], None]:
    _overwrite(file, copy)
    return lambda: _overwrite(copy, file)


def _overwrite(source: Path, target: Path) -> None:
    """Copy by another program, as an operator would: its SQLite shares no locks with ours."""
    subprocess.run([sys.executable, "-c", _BACKUP, source, target], check=True)


def _copy_on_postgresql(url: str) -> Callable[[], None]:
    name = make_url(url).database
    _run_on_postgresql(url, f"CREATE DATABASE {name}_copy TEMPLATE {name}")

    def restore() -> None:
        _run_on_postgresql(
            url,
            f"DROP DATABASE {name} WITH (FORCE)",
            f"ALTER DATABASE {name}_copy RENAME TO {name}",
        )

    return restore


def _run_on_postgresql(url: str, *statements: str) -> None:
    parts = make_url(url)
    server = parts.set(drivername="postgresql", database="postgres")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(server.render_as_string(), autocommit=True) as connection:
        connection.execute(end, [parts.database])
        for statement in statements:
            connection.execute(statement.encode())
