import importlib
import pkgutil
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import gatepass.server
from contracts import samples
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.catalogue import store as catalogue
from gatepass.server.domain.keys import store as keys
from gatepass.server.domain.keys.keyring import keyring
from gatepass.server.domain.keys.model import Key
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.token_policy import TokenPolicy
from gatepass.server.domain.users import store as people
from gatepass.server.storage.database import Database, metadata
from gatepass.server.storage.errors import DatabaseError
from gatepass.server.storage.master_key import MasterKey
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.timestamps import milliseconds
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.opaque import decode, encode
from gatepass.wire.credential import Mode


def test_the_migrations_make_the_tables_that_the_stores_declare(database: Database) -> None:
    for module in pkgutil.walk_packages(gatepass.server.__path__, "gatepass.server."):
        if module.name.endswith(".store"):
            importlib.import_module(module.name)

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    assert differences == []
    assert len(metadata.tables) >= 11


def test_to_migrate_again_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        kept = samples.organization(connection)

    database.migrate()

    with database.read() as connection:
        assert organizations.find(connection, kept.id) == kept


def test_the_end_of_each_step_is_announced(connect: Callable[[], Database]) -> None:
    database, done = connect(), []

    database.migrate(lambda: done.append(database.schema().revision))

    assert len(done) == len(revisions.load())
    assert done == sorted(done, key=str)
    assert done[-1] == revisions.NEWEST


def test_a_database_says_what_it_has_from_the_moment_in_which_another_program_migrates(
    connect: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = connect(), connect()
    steps = [each for each in revisions.load() if each.revision <= "0012"]
    monkeypatch.setattr(revisions, "load", lambda: tuple(steps))
    other.migrate()
    with ours.read() as connection:
        before = (ours.has(connection, "0012"), ours.has(connection, "0013"))
    monkeypatch.undo()
    other.migrate()

    with ours.read() as connection:
        assert before == (True, False)
        assert ours.has(connection, "0013")


def test_a_database_of_a_newer_version_is_refused_in_one_line(
    database: Database, connect: Callable[[], Database]
) -> None:
    with database.write() as connection:
        connection.execute(
            text(
                "UPDATE gatepass_schema"
                " SET revision = '9999', oldest_compatible = '9998', program = '7.8'"
            )
        )

    with pytest.raises(DatabaseError) as refused:
        connect().migrate()

    for word in ("newer", "7.8", "9998"):
        assert word in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert database.schema().revision == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(connect: Callable[[], Database]) -> None:
    database = connect()
    with database.write() as connection:  # in the way of the last table that is made
        connection.execute(text("CREATE TABLE audit (id INTEGER)"))

    with pytest.raises(Exception, match="audit"):
        database.migrate()

    assert set(inspect(database.engine).get_table_names()) <= {"audit", "alembic_version"}


def test_an_opaque_token_from_before_keys_rotated_is_still_decoded(
    connect: Callable[[], Database],
) -> None:
    database, master, secret = connect(), MasterKey(b"m" * 32), b"s" * 32
    _migrate_to(database, "0001")
    encrypted = master.encrypt(secret, "gatepass sealing key live 1")
    with database.write() as connection:
        connection.execute(
            text("INSERT INTO sealing_key (id, encrypted, created_at) VALUES (1, :encrypted, :at)"),
            {"encrypted": encrypted, "at": milliseconds(samples.NOW)},
        )
    claims = Claims(UUID(int=7).bytes, bytes(16), 1_800_000_000_000, 600, "read", ())
    token = encode(claims, OpaqueTokenKey(Mode.LIVE, 1, secret))

    database.migrate()

    with database.read() as connection:
        kept = keys.all_keys(connection, master, Mode.LIVE)
    assert kept == (Key(1, "opaque", secret, samples.NOW, samples.NOW),)
    ring = keyring(kept, Mode.LIVE, samples.NOW)
    assert decode(token, ring.opaque_token_keys) == claims
    assert encode(claims, ring.opaque_token_key) == token
    assert "sealing_key" not in inspect(database.engine).get_table_names()


def test_no_application_gets_the_scope_portal_users_by_a_migration(
    connect: Callable[[], Database],
) -> None:
    database = connect()
    _migrate_to(database, "0005")
    with database.write() as connection:
        org = samples.organization(connection)
        applications.add(connection, samples.application(org.id))

    database.migrate()

    policy = TokenPolicy("https://a.example", "opaque", "ES256", timedelta(days=30))
    with database.read() as connection:
        [found] = lookup.of_organization(connection, org.id)
        scope = catalogue.load(connection, policy).scopes["portal_users"]
    assert str(found.scope) == "read write"
    assert (scope.is_default, scope.is_restricted) == (False, False)
    assert scope.resource == "https://a.example"


def test_a_scope_of_that_name_is_not_made_a_key_to_the_portal(
    connect: Callable[[], Database],
) -> None:
    database = connect()
    _migrate_to(database, "0005")
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO scope (name, description, is_default, is_restricted, resource)"
                " VALUES ('portal_users', 'Ours', :no, :no, '')"
            ),
            {"no": False},
        )

    with pytest.raises(DatabaseError, match="portal_users"):
        database.migrate()


def _migrate_to(database: Database, revision: str) -> None:
    runner.migrate(database, [each for each in revisions.load() if each.revision <= revision])


def test_an_initial_password_from_before_it_expired_is_as_old_as_its_account(
    connect: Callable[[], Database],
) -> None:
    database = connect()
    _migrate_to(database, "0005")
    made = milliseconds(samples.NOW)
    with database.write() as connection:
        org_id = samples.organization(connection).id
        for name, is_initial in (("anna", True), ("bert", False)):
            connection.execute(
                text(
                    "INSERT INTO person (id, org_id, username, role, created_at, updated_at,"
                    " must_change_password) VALUES (:id, :org, :name, 'user', :at, :at, :initial)"
                ),
                {
                    "id": UUID(int=is_initial).hex,
                    "org": org_id.hex,
                    "name": name,
                    "at": made,
                    "initial": is_initial,
                },
            )

    database.migrate()

    with database.read() as connection:
        anna, bert = (people.find_by_username(connection, name) for name in ("anna", "bert"))
    assert anna
    assert bert
    assert (anna.initial_password_at, bert.initial_password_at) == (samples.NOW, None)


_EMAILS = {
    # id: (organization, address, when created)
    1: (0, "zoe@a.example", 5),
    2: (0, "\uff5aoe@a.example", 1),
    3: (0, "kim\u2460@a.example", 2),
    4: (0, "\uff4bim1@a.example", 3),
    5: (1, "\uff5aoe@A.example", 4),
}


def test_addresses_that_are_one_since_0009_still_open_and_one_of_them_has_the_key(
    connect: Callable[[], Database],
) -> None:
    database = connect()
    _migrate_to(database, "0007")
    with database.write() as connection:
        orgs = [samples.organization(connection).id for _ in range(2)]
        for number, (org, email, at) in _EMAILS.items():
            connection.execute(
                text(
                    "INSERT INTO person (id, org_id, email, email_key, role, created_at,"
                    " updated_at, must_change_password)"
                    " VALUES (:id, :org, :email, :key, 'user', :at, :at, :no)"
                ),
                {
                    "id": UUID(int=number).hex,
                    "org": orgs[org].hex,
                    "email": email,
                    "key": email.casefold(),
                    "at": at,
                    "no": False,
                },
            )

    database.migrate()

    with database.read() as connection:
        kept = connection.execute(text("SELECT email_key FROM person ORDER BY created_at"))
        assert list(kept.scalars()) == [
            "\uff5aoe@a.example",
            "kim1@a.example",
            "\uff4bim1@a.example",
            "zoe@a.example",
            "zoe@a.example",
        ]
        found = people.of_organization(connection, orgs[0], where={"email": _EMAILS[2][1]})
        assert {person.id.int for person in found} == {1, 2}
        assert people.email_is_taken(connection, orgs[0], "KIM\uff11@a.example")
    with database.write() as connection:
        people.change(connection, UUID(int=2), {"town": "Bonn"})
        people.remove(connection, UUID(int=4))
