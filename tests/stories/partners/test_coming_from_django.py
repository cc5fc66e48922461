"""Partners of a Django site with django-oauth-toolkit, whose operator changes to Gatepass."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from contracts import postgres
from contracts.imports.toolkit import SECRETS, make_site, one_of_each
from gatepass.server.storage.database import Database, sqlite_url
from server_process import Server, serving

CREDENTIALS = {f"id-{kind}": secret for kind, secret in SECRETS.items()} | {
    "plain": "Pl4" * 42,
    "awkward :% id": "Aw3" * 42,
}
OLD_ADDRESSES = {
    "GATEPASS_PATH_ALIASES__TOKEN": "/o/token/",
    "GATEPASS_PATH_ALIASES__INTROSPECTION": "/o/introspect/",
    "GATEPASS_PATH_ALIASES__REVOCATION": "/o/revoke_token/",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the site's database, which an import only reads."""
    url = f"sqlite:///{tmp_path_factory.mktemp('site') / 'site.sqlite3'}"
    make_site(url, **one_of_each())
    return url


@pytest.fixture
def moved(tmp_path: Path, site: str) -> Iterator[tuple[Server, str]]:
    """A server that runs, and the address of a site whose partners shall come to it."""
    with serving(tmp_path / "data", variables=OLD_ADDRESSES) as server:
        yield server, site


def bring(server: Server, site: str) -> dict[str, list[dict[str, str]]]:
    ran = server.run("import", "django-oauth-toolkit", site, "--organization-by", "user", "--json")
    assert ran.status == 0, ran.err
    # The running server notices within half a second; nothing is asked of a hash by this.
    deadline = time.monotonic() + 10
    while {ask_as_before(server, "plain", "Pl4" * 42) for _ in range(10)} != {200}:
        assert time.monotonic() < deadline
    report: dict[str, list[dict[str, str]]] = json.loads(ran.out)
    return report


def left(database: Database) -> int:
    """Return how many old hashes there still are."""
    query = "SELECT count(*) FROM application_secret WHERE encoded IS NOT NULL"
    with database.read() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def ask_as_before(server: Server, client_id: str, secret: str) -> int:
    """Ask at the old address, with id and secret as a program sends them that encodes neither."""
    basic = b64encode(f"{client_id}:{secret}".encode()).decode()
    answer = server.ask(
        "POST",
        "/o/token/",
        headers={"authorization": f"Basic {basic}", "connection": "close"},
        data={"grant_type": "client_credentials"},
    )
    return answer.status


def test_every_partner_keeps_client_id_and_secret(moved: tuple[Server, str]) -> None:
    server, site = moved
    bring(server, site)
    database = Database(sqlite_url(server.data / "production.sqlite3"))
    assert left(database) == len(SECRETS) + 1

    for client_id, secret in CREDENTIALS.items():
        form = {"client_id": client_id, "client_secret": secret}
        wrong = server.ask(
            "POST",
            "/oauth2/token/",
            data={"grant_type": "client_credentials", **form, "client_secret": secret + "x"},
        )
        right = server.ask(
            "POST", "/oauth2/token/", data={"grant_type": "client_credentials", **form}
        )
        assert (client_id, right.status) == (client_id, 200)
        # bcrypt itself looks at 72 bytes; that secret is shorter
        assert (client_id, wrong.status) == (client_id, 401)

    assert left(database) == 0
    database.close()


def test_programs_that_are_not_changed_go_on_at_the_old_addresses(
    moved: tuple[Server, str],
) -> None:
    server, site = moved
    bring(server, site)
    form = {"client_id": "id-scrypt", "client_secret": SECRETS["scrypt"]}

    assert ask_as_before(server, "id-scrypt", SECRETS["scrypt"]) == 200
    assert ask_as_before(server, "id-scrypt", "wrong") == 401
    token = server.ask("POST", "/o/token", data={"grant_type": "client_credentials", **form})
    sent = {**form, "token": token.body["access_token"]}
    assert server.ask("POST", "/o/introspect/", data=sent).body["active"] is True
    assert server.ask("POST", "/o/revoke_token/", data=sent).status == 200
    assert server.ask("POST", "/o/introspect/", data=sent).body == {"active": False}


def test_the_import_again_changes_nothing_for_those_who_came(moved: tuple[Server, str]) -> None:
    server, site = moved
    first = bring(server, site)
    assert ask_as_before(server, "id-argon2", SECRETS["argon2"]) == 200
    second = bring(server, site)

    assert len(first["imported"]) == len(second["already_there"]) == len(CREDENTIALS)
    assert second["imported"] == []
    assert ask_as_before(server, "id-argon2", SECRETS["argon2"]) == 200
    assert ask_as_before(server, "id-scrypt", SECRETS["scrypt"]) == 200


def test_no_secret_and_no_hash_is_in_the_log(moved: tuple[Server, str]) -> None:
    server, site = moved
    bring(server, site)
    for secret in (SECRETS["argon2"], "wrong-wrong-wrong"):
        ask_as_before(server, "id-argon2", secret)

    log = server.log()
    assert "client.refused" in log
    assert not any(text in log for text in (SECRETS["argon2"], "wrong-wrong", "$argon2"))


def test_from_postgresql_to_postgresql_with_two_workers(tmp_path: Path) -> None:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as address:
        maintenance = address.format(name="postgres").replace("+psycopg", "")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            for name in ("live", "test", "site"):
                connection.execute(f"CREATE DATABASE {name}".encode())
        site = address.format(name="site").replace("+psycopg", "")
        make_site(site, **one_of_each())
        variables = {
            "GATEPASS_PRODUCTION__DATABASE": address.format(name="live"),
            "GATEPASS_SANDBOX__DATABASE": address.format(name="test"),
            **OLD_ADDRESSES,
        }
        with serving(tmp_path / "data", "--workers", "2", variables=variables) as server:
            assert len(bring(server, site)["imported"]) == len(CREDENTIALS)
            for _ in range(6):  # new connections, so that both workers answer
                assert ask_as_before(server, "id-pbkdf2_sha256", SECRETS["pbkdf2_sha256"]) == 200
                assert ask_as_before(server, "id-bcrypt", "wrong") == 401
        database = Database(address.format(name="live"))
        assert left(database) == len(SECRETS)
        database.close()
