"""Login codes and links of a sandbox that trusts production's accounts, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.sessions.linked import store
from gatepass.server.domain.users.sessions.linked.model import (
    CODE_LIFETIME,
    LoginCode,
    challenge,
    new_code,
    read_challenge,
)
from gatepass.server.domain.users.sessions.model import Session, new_id
from gatepass.server.storage.database import Database
from gatepass.wire.secret import Secret

NOW = datetime(2026, 11, 29, 3, 30, tzinfo=UTC)
SESSION = b"s" * 32
VERIFIER = new_id()
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def org_id(database: Database) -> UUID:
    org_id, user_id = uuid4(), uuid4()
    with database.write() as connection:
        organizations.add(connection, Organization(org_id, "Acme", NOW))
        users.add(connection, User(user_id, org_id, "admin", NOW, NOW))
        sessions.add(connection, Session(SESSION, user_id, NOW, NOW, "203.0.113.7", "Firefox"))
    return org_id


@pytest.fixture
def code(request: pytest.FixtureRequest, database: Database) -> Secret:
    request.getfixturevalue("org_id")
    return add_code(database, NOW)


def add_code(database: Database, now: datetime) -> Secret:
    code = new_code()
    new = LoginCode(code.digest(), SESSION, VERIFIER.digest(), now + CODE_LIFETIME)
    with database.write() as connection:
        store.add_code(connection, new, now)
    return code


def take(
    database: Database, code: Secret, verifier: Secret = VERIFIER, now: datetime = NOW
) -> LoginCode | None:
    with database.write() as connection:
        return store.take_code(connection, code, verifier.digest(), now)


def test_a_challenge_is_the_digest_of_the_verifier() -> None:
    assert read_challenge(challenge(VERIFIER)) == VERIFIER.digest()


@pytest.mark.parametrize("text", [None, "", "A", "A" * 500, "https://evil.example/", "é" * 43])
def test_what_no_verifier_has_made_is_no_challenge(text: str | None) -> None:
    assert read_challenge(text) is None


def test_a_code_is_taken_once(database: Database, code: Secret) -> None:
    found = take(database, code)

    assert found
    assert found.session_digest == SESSION
    assert take(database, code) is None


def test_a_code_works_for_a_minute(database: Database, code: Secret) -> None:
    late = NOW + CODE_LIFETIME

    assert take(database, code, now=late) is None
    assert take(database, code, now=late - MILLISECOND)


def test_a_code_without_the_verifier_of_its_browser_is_not_used_up(
    database: Database, code: Secret
) -> None:
    assert take(database, code, new_id()) is None
    assert take(database, code)


def test_of_two_who_take_a_code_at_once_one_has_it(database: Database, code: Secret) -> None:
    together = Barrier(2)

    def take_it(_: int) -> LoginCode | None:
        together.wait()
        return take(database, code)

    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(take_it, range(2)))

    assert sum(found is not None for found in taken) == 1


def test_codes_end_with_their_session(database: Database, code: Secret) -> None:
    with database.write() as connection:
        sessions.end(connection, SESSION)

    assert take(database, code) is None


def test_expired_codes_of_a_session_are_deleted_with_its_next(
    database: Database, code: Secret
) -> None:
    add_code(database, NOW + timedelta(seconds=30))
    last = add_code(database, NOW + CODE_LIFETIME)
    with database.read() as connection:
        kept = connection.execute(store.login_code.select()).all()

    assert len(kept) == 2
    assert last.digest() in {row.digest for row in kept}
    assert code.digest() not in {row.digest for row in kept}


@pytest.mark.usefixtures("org_id")
def test_a_session_knows_the_one_of_production_until_it_ends(database: Database) -> None:
    handle = uuid4()
    with database.write() as connection:
        store.link_session(connection, SESSION, handle)
        before = store.handle_of(connection, SESSION)
        sessions.end(connection, SESSION)
        after = store.handle_of(connection, SESSION)

    assert (before, after) == (handle, None)


@pytest.mark.usefixtures("org_id")
def test_a_handle_stays_with_its_session_when_that_gets_a_new_id(database: Database) -> None:
    new = b"n" * 32
    with database.write() as connection:
        handle = store.add_handle(connection, SESSION)
        first = store.session_of(connection, handle)
        found = sessions.find(connection, SESSION)
        assert found
        sessions.add(connection, found._replace(id_digest=new))
        store.move_handles(connection, SESSION, new)
        sessions.end(connection, SESSION)
        second = store.session_of(connection, handle)
        sessions.end(connection, new)
        last = store.session_of(connection, handle)

    assert (first, second, last) == (SESSION, new, None)


def test_an_organization_without_a_link_has_the_same_id(database: Database) -> None:
    production_id = uuid4()
    with database.read() as connection:
        assert store.linked_to(connection, production_id) == production_id


def test_either_organization_has_one_link_at_most(database: Database, org_id: UUID) -> None:
    first, second, other = uuid4(), uuid4(), uuid4()
    with database.write() as connection:
        organizations.add(connection, Organization(other, "Bolt", NOW))
        store.link_organization(connection, first, org_id)
        store.link_organization(connection, second, org_id)
        moved = store.linked_to(connection, first), store.linked_to(connection, second)
        store.link_organization(connection, second, other)
        again = store.linked_to(connection, second)
        ended = [store.unlink_organization(connection, each) for each in (org_id, other)]
        alone = store.linked_to(connection, second)

    assert moved == (first, org_id)
    assert again == other
    assert ended == [False, True]
    assert alone == second
