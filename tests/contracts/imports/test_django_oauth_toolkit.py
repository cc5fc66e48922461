"""What is read from a database that django-oauth-toolkit's own package made."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import text

from contracts.imports.toolkit import SECRETS, make_site, one_of_each
from gatepass.server.domain.imports import django_hashers
from gatepass.server.domain.imports.django_oauth_toolkit import store
from gatepass.server.domain.imports.model import Owner, SourceApplication, SourceError
from gatepass.server.storage.database import Database
from gatepass.wire.secret import Secret


def by_id(found: Iterable[SourceApplication]) -> dict[str, SourceApplication]:
    return {each.client_id: each for each in found}


def test_applications_are_read_as_they_are(url: str) -> None:
    make_site(url, **one_of_each())
    found = by_id(store.applications(url))

    for kind, secret in SECRETS.items():
        each = found[f"id-{kind}"]
        assert (each.name, each.was_hashed) == (kind, True)
        assert (each.is_confidential, each.is_client_credentials) == (True, True)
        assert each.owner == Owner("1", "Acme Energy GmbH")
        assert each.created_at
        assert abs(each.created_at - datetime.now(UTC)) < timedelta(hours=1)
        assert django_hashers.kind(each.kept.value, was_hashed=True) == kind
        assert django_hashers.verify(each.kept.value, Secret(secret))
    plain = found["plain"]
    assert (plain.kept, plain.was_hashed, plain.owner) == (Secret("Pl4" * 42), False, None)
    assert plain.redirect_uris == "https://a.example/cb http://a.example/cb"
    assert found["awkward :% id"].owner is None
    assert not found["public"].is_confidential
    assert not found["authorization-code"].is_client_credentials
    assert found["weak"].owner == Owner("2", "bolt")


def test_the_applications_of_a_user_are_neighbours(url: str) -> None:
    users = [{"username": name} for name in ("acme", "bolt")]
    of = ("acme", "bolt", None, "acme", None, "bolt", "acme")
    applications = [
        {"client_id": f"{number}", "secret": "s" * 40, **({"user": user} if user else {})}
        for number, user in enumerate(of)
    ]
    make_site(url, users=users, applications=applications)
    runs = {
        owner and owner.name: [each.client_id for each in members]
        for owner, members in groupby(store.applications(url), key=lambda each: each.owner)
    }

    assert runs == {"acme": ["0", "3", "6"], "bolt": ["1", "5"], None: ["2", "4"]}


def test_the_users_table_is_found_by_the_foreign_key(
    url: str, connect: Callable[[], Database]
) -> None:
    applications = [{"client_id": "a", "secret": "s" * 40, "user": "acme"}]
    make_site(url, users=[{"username": "acme"}], applications=applications)
    with connect().write() as connection:
        connection.execute(text("ALTER TABLE auth_user RENAME TO partners_partner"))

    (found,) = store.applications(url)
    assert found.owner == Owner("1", "acme")


def test_tables_of_other_names_can_be_named(url: str, connect: Callable[[], Database]) -> None:
    applications = [{"client_id": "a", "secret": "s" * 40, "user": "acme"}]
    make_site(url, users=[{"username": "acme"}], applications=applications)
    with connect().write() as connection:
        connection.execute(text("CREATE TABLE people AS SELECT id, email FROM auth_user"))
        connection.execute(text("ALTER TABLE oauth2_provider_application RENAME TO ours"))

    (found,) = store.applications(url, "ours", "people")
    assert found.owner == Owner("1", "User 1")


def test_without_users_their_table_need_not_be_there(
    url: str, connect: Callable[[], Database]
) -> None:
    applications = [{"client_id": "a", "secret": "s" * 40, "user": "acme"}]
    make_site(url, users=[{"username": "acme"}], applications=applications)
    with connect().write() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT * FROM oauth2_provider_application"))

    (found,) = store.applications(url, "kept", "nothing_there", with_users=False)
    assert (found.client_id, found.owner) == ("a", Owner("1", "User 1"))


def test_an_old_version_with_plain_secrets_is_read(url: str) -> None:
    applications = [{"client_id": "a", "secret": "Pl4" * 42, "name": "A"}]
    make_site(url, version="0005", applications=applications)
    (found,) = store.applications(url)

    assert (found.kept, found.was_hashed) == (Secret("Pl4" * 42), None)
    assert (
        django_hashers.kind(found.kept.value, was_hashed=found.was_hashed) == django_hashers.PLAIN
    )
    assert found.created_at == datetime(2019, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_reading_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "site.sqlite3"
    make_site(f"sqlite:///{file}", **one_of_each())
    before = file.read_bytes()
    store.applications(f"sqlite:///{file}")

    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["site.sqlite3"]


@pytest.mark.parametrize("sql", ["", "CREATE TABLE oauth2_provider_application (id INTEGER)"])
def test_another_database_is_refused_in_one_line(
    connect: Callable[[], Database], url: str, sql: str
) -> None:
    with connect().write() as connection:
        connection.execute(text(sql or "SELECT 1"))
    with pytest.raises(SourceError, match="oauth2_provider_application") as refused:
        store.applications(url)

    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://site:hunter2@db/site", "MySQL"),
        ("mariadb+pymysql://site:hunter2@db/site", "MySQL"),
        ("oracle://site:hunter2@db/site", "oracle"),
        ("hunter2", "no database address"),
        ("", "no database address"),
        ("sqlite:////nonexistent/site.sqlite3", "no file /nonexistent/site.sqlite3"),
        ("sqlite://", "no file"),
        ("postgresql://site:hunter2@127.0.0.1:1/site", "cannot be read"),
        ("postgresql://site:hunter2@127.0.0.1:x/site", "no database address"),
    ],
)
def test_an_address_that_cannot_be_read_is_told_in_one_line_without_its_password(
    url: str, says: str
) -> None:
    with pytest.raises(SourceError, match=says) as refused:
        store.applications(url)

    assert len(str(refused.value).splitlines()) == 1
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, whatever its name is" * 50)

    with pytest.raises(SourceError, match="not a database"):
        store.applications(f"sqlite:///{tmp_path / 'notes.txt'}")
