"""Databases that Gatepass cannot work with: one line, exit status 1, and nothing is written."""

import os
import sqlite3
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from commands import Ran, run
from contracts import postgres, tls_postgres
from contracts.tls_postgres import Cluster
from gatepass.server.configuration.settings import load
from gatepass.server.environment import data_directory
from gatepass.server.storage.database import Database, sqlite_url
from server.cli import inside
from server_process import free_ports

_PASSWORD = "Zl4Zl4Zl4Zl4"
_DJANGO = "CREATE TABLE django_migrations (id INTEGER); CREATE TABLE auth_user (id INTEGER)"
_ALEMBIC = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32));"
    "INSERT INTO alembic_version VALUES ('0003'); CREATE TABLE invoice (id INTEGER)"
)
Migrate = Callable[..., Ran]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Cluster]:
    """A cluster with TLS that asks for a password."""
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with tls_postgres.running(binaries, "localhost", "127.0.0.1", password=_PASSWORD) as cluster:
        yield cluster


def _at(cluster: Cluster, more: str) -> str:
    """Return the address of a database of the cluster over TCP."""
    more = more.format(authority=cluster.authority, other_authority=cluster.other_authority)
    return f"host=127.0.0.1 port={cluster.port} user=gatepass dbname=postgres {more}"


@pytest.fixture
def migrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Migrate:
    """Runs `gatepass migrate` with the addresses of both databases."""
    for name in [each for each in os.environ if each.startswith(("GATEPASS_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GATEPASS_MASTER_KEY", urlsafe_b64encode(bytes(32)).decode())

    def command(production: str = "", sandbox: str = "") -> Ran:
        monkeypatch.setenv("GATEPASS_PRODUCTION__DATABASE", production)
        monkeypatch.setenv("GATEPASS_SANDBOX__DATABASE", sandbox)
        return inside.run("migrate", data=tmp_path / "data")

    return command


def _assert_refused(ran: Ran, *words: str) -> None:
    assert (ran.status, ran.err.count("\n")) == (1, 1), ran
    for word in words:
        assert word in ran.err
    assert _PASSWORD not in ran.err + ran.out


_WRONG = {
    "mysql://db/x": "must be the address",
    "postgresql://gatepass:Zl4Zl4Zl4Zl4@x@db/gatepass": "%40",
    "postgresql://gatepass:Zl4Zl4Zl4Zl4/x@db/gatepass": "%2F",
    "postgresql://gatepass:Zl4Zl4Zl4Zl4%zz@db/gatepass": "postgresql://ROLE@HOST",
    "host=db password=Zl4 Zl4Zl4Zl4Zl4 dbname=x": "dbname=DATABASE",
    "host=db port=Zl4Zl4Zl4Zl4 dbname=x": "port=PORT",
    "postgresql://db/x?no_such_option=1": "postgresql://ROLE@HOST",
}


@pytest.mark.parametrize("address", _WRONG)
def test_a_wrong_address_is_a_wrong_setting(migrate: Migrate, address: str) -> None:
    _assert_refused(migrate(address), "production.database", _WRONG[address])


_OWN_HOST = f"password={_PASSWORD} host=example.com hostaddr=127.0.0.1"
_UNUSABLE = {
    "password": ("password=wr0ng", ("authentication failed", "PGPASSWORD")),
    "no password": ("", ("no password supplied", "PGPASSWORD")),
    "database": (f"password={_PASSWORD} dbname=nowhere", ("does not exist", "Create it")),
    "host": (
        f"password={_PASSWORD} host=nowhere.invalid",
        ("failed to resolve host", "nowhere.invalid"),
    ),
    "port": (f"password={_PASSWORD} port=1", ("Connection refused", "address")),
    "certificate": (
        f"password={_PASSWORD} sslmode=verify-full sslrootcert={{other_authority}}",
        ("certificate verify failed", "sslrootcert"),
    ),
    "name": (
        f"{_OWN_HOST} sslmode=verify-full sslrootcert={{authority}}",
        ("does not match host name", "certificate"),
    ),
    "schema": (
        f"password={_PASSWORD} options=-csearch_path=nowhere",
        ("search_path", "USAGE"),
    ),
}


@pytest.mark.parametrize("case", _UNUSABLE)
def test_a_database_that_cannot_be_used_is_refused_with_the_reason_and_what_to_do(
    migrate: Migrate, guarded: Cluster, case: str
) -> None:
    more, words = _UNUSABLE[case]

    _assert_refused(migrate(_at(guarded, more)), "production: ", *words)


def test_a_certificate_that_is_right_is_accepted(migrate: Migrate, guarded: Cluster) -> None:
    tls = _at(guarded, f"sslmode=verify-full sslrootcert={{authority}} password={_PASSWORD}")
    names = [f"d{uuid4().hex}" for _ in range(2)]
    with psycopg.connect(tls, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}".encode())

    ran = migrate(*(tls.replace("dbname=postgres", f"dbname={name}") for name in names))

    assert ran.status == 0, ran.err
    assert _PASSWORD not in ran.out


@pytest.mark.parametrize(("tables", "named"), [(_DJANGO, "auth_user"), (_ALEMBIC, "invoice")])
def test_tables_of_another_program_stay_as_they_are(
    migrate: Migrate, postgresql_url: str, tables: str, named: str
) -> None:
    plain = postgresql_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(tables.encode())
        before = _catalog(connection)

        _assert_refused(migrate(sandbox=postgresql_url), "sandbox: ", "another program", named)

        assert _catalog(connection) == before


def _catalog(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    query = "SELECT relname, xmin::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    return sorted(connection.execute(query).fetchall(), key=str)


@pytest.mark.parametrize("tables", [_DJANGO, _ALEMBIC])
def test_a_sqlite_file_of_another_program_stays_as_it_is(
    migrate: Migrate, tmp_path: Path, tables: str
) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "production.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(tables)
    before = file.read_bytes()

    _assert_refused(migrate(), "production: ", "another program")

    assert file.read_bytes() == before
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["production.sqlite3"]


def test_one_empty_database_for_both_environments_is_refused_by_whatever_addresses(
    migrate: Migrate, postgresql_url: str
) -> None:
    name = postgresql_url.partition("@/")[2].partition("?")[0]
    host = postgresql_url.partition("host=")[2]
    other = f"host={host} dbname={name} user=gatepass application_name=other"

    _assert_refused(migrate(postgresql_url, other), "sandbox: ", "same database")

    with closing(Database(postgresql_url)) as database:
        assert database.schema().revision is None


def test_a_schema_each_in_one_database_are_two_databases(
    migrate: Migrate, postgresql_url: str
) -> None:
    plain = postgresql_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA live; CREATE SCHEMA test")
    addresses = [f"{plain}&options=-csearch_path%3D{schema}" for schema in ("live", "test")]

    ran = migrate(*addresses)

    assert ran.status == 0, ran.err
    with psycopg.connect(plain) as connection:
        found = connection.execute(
            "SELECT count(*) FROM live.gatepass_schema, test.gatepass_schema"
        )
        assert found.fetchone() == (1,)


def test_databases_that_were_exchanged_are_refused_at_the_start(
    migrate: Migrate, cluster: str, tmp_path: Path
) -> None:
    urls = [cluster.format(name=f"d{uuid4().hex}") for _ in range(2)]
    maintenance = cluster.format(name="postgres").replace("+psycopg", "")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        for url in urls:
            name = url.partition("@/")[2].partition("?")[0]
            connection.execute(f"CREATE DATABASE {name}".encode())
    assert migrate(*urls).status == 0
    for environment in ("production", "sandbox"):
        command = ("organization", "create", "Acme", "--admin", "anna")
        ran = inside.run(*command, "--environment", environment, data=tmp_path / "data")
        assert ran.status == 0, ran.err

    names = ("GATEPASS_PRODUCTION__DATABASE", "GATEPASS_SANDBOX__DATABASE")
    exchanged = dict(zip(names, reversed(urls), strict=True))
    port = str(free_ports())
    ran = run("serve", "--data", tmp_path / "data", "--port", port, variables=exchanged)

    _assert_refused(ran, "production: ", "the database of the environment sandbox")
    assert ran.out == ""


def test_without_auto_migrate_an_older_or_empty_database_is_left_and_the_command_is_named(
    tmp_path: Path,
) -> None:
    variables = {"GATEPASS_AUTO_MIGRATE": "false"}
    data = tmp_path / "data"

    ran = run("serve", "--data", data, "--port", str(free_ports()), variables=variables)

    _assert_refused(ran, "no tables yet", "gatepass migrate")
    assert not data.exists()


def test_without_auto_migrate_a_lost_file_may_be_made_anew_at_the_start(
    migrate: Migrate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert migrate().status == 0
    data = tmp_path / "data"
    command = ("organization", "create", "Acme", "--admin", "anna", "--environment", "production")
    assert inside.run(*command, data=data).status == 0
    (data / "sandbox.sqlite3").unlink()
    monkeypatch.setenv("GATEPASS_AUTO_MIGRATE", "false")

    data_directory.prepare(load(data=data), create=("sandbox",))

    with closing(Database(sqlite_url(data / "sandbox.sqlite3"))) as database:
        assert database.schema().is_newest


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[None]:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("only root can mount a small disk, and not in every container")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_without_room_on_the_disk_a_migration_leaves_nothing_half_done(
    migrate: Migrate, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with _small_disk(data, "96k"):
        _assert_refused(migrate(), "production: ", "the disk is full")

        with closing(sqlite3.connect(data / "production.sqlite3")) as connection:
            assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


@contextmanager
def _full_database(folder: Path) -> Iterator[str]:
    """A database on a disk without room, in a cluster of its own, which is of no use afterwards.

    Without autovacuum, which would make each new connection write to the disk first.
    """
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with (
        _small_disk(folder, "12m"),
        postgres.running(binaries, options="-c autovacuum=off") as address,
    ):
        user = postgres.unprivileged()
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        with _connected(address.format(name="postgres")) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'".encode())
            connection.execute(b"CREATE DATABASE small TABLESPACE small")
        url = address.format(name="small")
        with _connected(url) as connection:
            connection.execute("CREATE SCHEMA full_; CREATE TABLE full_.filler (x text)")
            insert = "INSERT INTO full_.filler SELECT random() FROM generate_series(1, 100)"
            with suppress(psycopg.errors.DiskFull):
                while True:
                    connection.execute(insert.encode())
        yield url


def _connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="gatepass-disk-"))
    yield folder
    folder.rmdir()


def test_without_room_on_postgresqls_disk_a_migration_leaves_nothing_half_done(
    migrate: Migrate, small_disk: Path
) -> None:
    with _full_database(small_disk) as url:
        _assert_refused(migrate(url), "production: ", "its disk is full", "Make room")

        with _connected(url) as connection:
            query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert connection.execute(query).fetchone() == (0,)


def test_a_postgresql_that_lacks_the_room_for_a_connection_says_what_to_do(
    migrate: Migrate, small_disk: Path
) -> None:
    with _full_database(small_disk) as url:
        for cached in small_disk.rglob("pg_internal.init"):  # the next connection writes it
            cached.write_bytes(b"")

        _assert_refused(migrate(url), "production: ", "Make room on its disk")
