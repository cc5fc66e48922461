from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.factors import store
from gatepass.server.domain.users.factors.model import App, Factors, Passkey
from gatepass.server.domain.users.factors.store import PendingLogin
from gatepass.server.domain.users.model import User
from gatepass.server.storage.database import Database

NOW = datetime(2026, 11, 29, 4, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
NEW = 2**32 - 1, ("hybrid", "internal")


@pytest.fixture
def people(database: Database) -> tuple[UUID, UUID]:
    organization = Organization(uuid4(), "Acme", NOW)
    anna, sven = (
        User(uuid4(), organization.id, "admin", NOW, NOW, username=name)
        for name in ("anna", "sven")
    )
    with database.write() as connection:
        organizations.add(connection, organization)
        users.add(connection, anna)
        users.add(connection, sven)
    return anna.id, sven.id


def passkey(owner: UUID, credential_id: bytes = b"c") -> Passkey:
    count, transports = NEW
    return Passkey(
        uuid4(), owner, credential_id, b"key", count, "example.com", transports, "Laptop", NOW
    )


def app(owner: UUID) -> App:
    return App(uuid4(), owner, b"secret", 2**40, "Phone", NOW)


def test_factors_are_kept_as_they_were_added(database: Database, people: tuple[UUID, UUID]) -> None:
    anna, sven = people
    key, phone = passkey(anna), app(anna)
    with database.write() as connection:
        store.add_passkey(connection, key)
        store.add_app(connection, phone)
        store.replace_codes(connection, anna, [b"1", b"2"], NOW)

        assert store.of_user(connection, anna) == Factors((key,), (phone,), 2, NOW)
        assert store.of_user(connection, sven) == Factors()
        assert store.find_passkey(connection, b"c") == key
        assert [store.has_any(connection, each) for each in people] == [True, False]
        assert store.passkeys_of_other_domains(connection, "example.org") == 1
        assert store.passkeys_of_other_domains(connection, "example.com") == 0


def test_what_was_used_is_noted(database: Database, people: tuple[UUID, UUID]) -> None:
    anna, _ = people
    key, phone = passkey(anna), app(anna)
    with database.write() as connection:
        store.add_passkey(connection, key)
        store.add_app(connection, phone)
        store.record_passkey_used(connection, key.id, 7, LATER)
        store.record_app_used(connection, phone.id, 8, LATER)
        found = store.of_user(connection, anna)

    assert (found.passkeys[0].sign_count, found.passkeys[0].last_used_at) == (7, LATER)
    assert (found.apps[0].last_step, found.apps[0].last_used_at) == (8, LATER)


def test_nobody_names_or_removes_a_factor_of_somebody_else(
    database: Database, people: tuple[UUID, UUID]
) -> None:
    anna, sven = people
    key = passkey(anna)
    with database.write() as connection:
        store.add_passkey(connection, key)
        store.rename(connection, sven, key.id, "Mine")
        store.remove(connection, sven, key.id)
        store.remove_all(connection, sven)

        assert store.of_user(connection, anna).passkeys == (key,)


def test_a_recovery_code_is_used_once_by_its_owner(
    database: Database, people: tuple[UUID, UUID]
) -> None:
    anna, sven = people
    with database.write() as connection:
        store.replace_codes(connection, anna, [b"1", b"2"], NOW)

        assert not store.use_code(connection, sven, b"1")
        assert [store.use_code(connection, anna, b"1") for _ in range(2)] == [True, False]
        assert store.of_user(connection, anna).codes_left == 1


def test_a_challenge_is_used_once_and_forgotten_when_it_has_expired(database: Database) -> None:
    with database.write() as connection:
        assert [store.use_challenge(connection, b"c", LATER) for _ in range(2)] == [True, False]
        store.prune(connection, LATER)
        assert store.use_challenge(connection, b"c", LATER)


def test_a_login_waits_until_it_expires(database: Database, people: tuple[UUID, UUID]) -> None:
    anna, _ = people
    waiting = PendingLogin(b"d", anna, b"password", LATER)
    with database.write() as connection:
        store.add_pending(connection, waiting)

        assert store.find_pending(connection, b"d", NOW) == waiting
        assert store.find_pending(connection, b"d", LATER) is None
        store.end_pending(connection, b"d")
        assert store.find_pending(connection, b"d", NOW) is None


def test_with_a_person_goes_all_of_it(database: Database, people: tuple[UUID, UUID]) -> None:
    anna, _ = people
    with database.write() as connection:
        store.add_passkey(connection, passkey(anna))
        store.add_app(connection, app(anna))
        store.replace_codes(connection, anna, [b"1"], NOW)
        store.add_pending(connection, PendingLogin(b"d", anna, b"password", LATER))
        users.remove(connection, anna)

        assert store.of_user(connection, anna) == Factors()
        assert store.find_pending(connection, b"d", NOW) is None
        assert store.apps(connection) == []
