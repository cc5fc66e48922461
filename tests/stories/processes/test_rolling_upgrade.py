"""This version and the one before on the same databases: side by side, and back again."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
import pytest
from alembic import op

import previous_version
from commands import run
from contracts import postgres
from gatepass.server.environment.databases import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.migrations.revisions import Migration
from gatepass.wire.credential import Mode
from server_process import Credentials, Server

_BEFORE, _AFTER = "before", "after"


class Site(NamedTuple):
    """Where both versions find the same databases."""

    data: Path
    variables: Mapping[str, dict[str, str]]  # by version
    urls: list[str]  # of production's and the sandbox's database

    def run(self, version: str, *arguments: str) -> tuple[int, str]:
        ran = run(*arguments, "--data", str(self.data), variables=self.variables[version])
        return ran.status, ran.out + ran.err


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the packages of the version before."""
    found = previous_version.unpack(tmp_path_factory.mktemp("before"))
    if found is None:
        pytest.skip(previous_version.MISSING)
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path, packages: Path) -> Site:
    key = {"GATEPASS_MASTER_KEY": urlsafe_b64encode(bytes(32)).decode()}
    data = tmp_path / "data"
    urls = [sqlite_url(file(data, mode)) for mode in Mode]
    if request.param == "postgresql":
        addresses = _databases(request.getfixturevalue("cluster"))
        urls, key = list(addresses.values()), key | addresses
    return Site(data, {_BEFORE: key | {"PYTHONPATH": str(packages)}, _AFTER: key}, urls)


def _databases(address: str) -> dict[str, str]:
    made = {}
    maintenance = address.format(name="postgres").replace("+psycopg", "")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        for environment in ("PRODUCTION", "SANDBOX"):
            name = f"{environment.lower()}_{uuid4().hex}"
            connection.execute(f"CREATE DATABASE {name}".encode())
            made[f"GATEPASS_{environment}__DATABASE"] = address.format(name=name)
    return made


@pytest.fixture
def serve(site: Site) -> Iterator[Callable[[str], Server]]:
    """Starts a server of a version; each has its own port."""
    with ExitStack() as servers:

        def start(version: str) -> Server:
            server = Server(site.data, variables=site.variables[version])
            servers.callback(server.close)
            return server.start()

        yield start


def _eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline


def _issues(server: Server, application: Credentials) -> str:
    """Ask until the application is known, at most until a deadline; return a token."""
    who = (application.client_id, application.client_secret)
    _eventually(lambda: server.ask_token(*who).status == 200)
    token: str = server.ask_token(*who).body["access_token"]
    return token


def _is_active(server: Server, application: Credentials, token: str) -> bool:
    who = (application.client_id, application.client_secret)
    answer = server.ask("POST", "/oauth2/introspect/", auth=who, data={"token": token})
    assert answer.status == 200
    active: bool = answer.body["active"]
    return active


def _revoke(server: Server, application: Credentials, token: str) -> None:
    who = (application.client_id, application.client_secret)
    assert (
        server.ask("POST", "/oauth2/revoke_token/", auth=who, data={"token": token}).status == 200
    )


def _check_that_one_learns_what_the_other_revokes(
    learns: Server, revokes: Server, application: Credentials
) -> None:
    token = _issues(learns, application)
    assert _is_active(learns, application, token)
    _revoke(revokes, application, token)
    _eventually(lambda: not _is_active(learns, application, token))


def test_the_version_before_and_this_one_serve_together_and_the_one_before_again_alone(
    site: Site, serve: Callable[[str], Server]
) -> None:
    before = serve(_BEFORE)
    org_id = before.create_organization().org_id
    first = before.create_application(org_id, "First")
    of_before = _issues(before, first)

    after = serve(_AFTER)  # which migrates

    second = after.create_application(org_id, "Second")
    of_after = _issues(before, second), _issues(after, second)
    assert all(_is_active(before, second, token) for token in of_after)
    assert _is_active(after, first, of_before)
    for revokes, learns in ((after, before), (before, after)):
        _check_that_one_learns_what_the_other_revokes(learns, revokes, first)
    third = before.create_application(org_id, "Third")
    _issues(after, third)

    assert after.stop() == 0
    assert before.stop() == 0
    again = serve(_BEFORE)

    assert _is_active(again, first, of_before)
    assert all(_is_active(again, second, token) for token in of_after)
    assert {each["level"] for each in before.events()} <= {"info", "warning"}
    status, shown = site.run(_AFTER, "migrate", "--dry-run")
    assert (status, shown.count("nothing to do")) == (0, 2), shown

    assert again.stop() == 0
    _do_what_the_version_before_cannot_work_with(site.urls[0])
    status, said = site.run(_BEFORE, "organization", "list")
    assert (status, said.count("\n")) == (1, 1)
    assert "newer Gatepass" in said
    assert site.run(_AFTER, "organization", "list")[0] == 0


def _do_what_the_version_before_cannot_work_with(url: str) -> None:
    """Do a step that removes something from the tables."""
    newest = revisions.load()[-1].revision
    step = Migration(f"{newest}+", "", "contract", newest, lambda: op.drop_column("person", "town"))
    with closing(Database(url)) as database:
        runner.migrate(database, [*revisions.load(), step])


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_this_version_serves_with_the_tables_of_the_one_before_if_it_may_not_migrate(
    site: Site, serve: Callable[[str], Server]
) -> None:
    site.data.mkdir()
    known = [each for each in revisions.load() if each.revision <= previous_version.REVISION]
    for url in site.urls:
        with closing(Database(url)) as database:
            runner.migrate(database, known)
    site.variables[_AFTER]["GATEPASS_AUTO_MIGRATE"] = "false"

    server = serve(_AFTER)

    organization = server.create_organization()
    application = server.create_application(organization.org_id)
    token = _issues(server, application)
    assert _is_active(server, application, token)
    _revoke(server, application, token)
    assert not _is_active(server, application, token)
    status, shown = site.run(_AFTER, "migrate", "--dry-run")
    assert (status, shown.count(f"from revision {previous_version.REVISION}")) == (0, 2)
