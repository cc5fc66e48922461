from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.invitations import store as invitations
from gatepass.server.domain.users.invitations.model import KEPT, Invitation
from gatepass.server.domain.users.links import store
from gatepass.server.domain.users.links.model import LIFETIMES, Link
from gatepass.server.domain.users.model import User
from gatepass.server.storage.database import Database

NOW = datetime(2026, 11, 28, 20, 15, tzinfo=UTC)
ANNA = "Anna@Acme.example"
LIFETIME = LIFETIMES["recover"]


@pytest.fixture
def org_id(database: Database) -> UUID:
    org_id = uuid4()
    with database.write() as connection:
        organizations.add(connection, Organization(org_id, "Acme", NOW))
    return org_id


@pytest.fixture
def anna(database: Database, org_id: UUID) -> UUID:
    user = User(uuid4(), org_id, "admin", NOW, NOW, username="anna", email=ANNA)
    with database.write() as connection:
        users.add(connection, user)
    return user.id


def test_a_link_is_found_by_its_token_until_it_expires(database: Database, anna: UUID) -> None:
    with database.write() as connection:
        token = store.add_of_user(connection, "recover", anna, ANNA, NOW)

        found = store.find(connection, "recover", token, NOW)
        late = store.find(connection, "recover", token, NOW + LIFETIME)
        of_other_purpose = store.find(connection, "email", token, NOW)

    assert found == Link(token.digest(), "recover", anna, None, ANNA, NOW, NOW + LIFETIME)
    assert late is of_other_purpose is None


def test_a_person_has_one_link_for_each_purpose(database: Database, anna: UUID) -> None:
    with database.write() as connection:
        other = store.add_of_user(connection, "email", anna, ANNA, NOW)
        old = store.add_of_user(connection, "recover", anna, ANNA, NOW)
        new = store.add_of_user(connection, "recover", anna, ANNA, NOW)

        assert store.find(connection, "recover", old, NOW) is None
        assert store.find(connection, "recover", new, NOW)
        assert store.find(connection, "email", other, NOW)


def test_of_those_who_use_a_link_at_the_same_time_one_gets_it(
    database: Database, anna: UUID
) -> None:
    with database.write() as connection:
        token = store.add_of_user(connection, "recover", anna, ANNA, NOW)
    begin = Barrier(4)

    def take() -> bool:
        begin.wait()
        with database.write() as connection:
            return store.take(connection, "recover", token, NOW) is not None

    with ThreadPoolExecutor(4) as pool:
        taken = [each.result() for each in [pool.submit(take) for _ in range(4)]]

    assert sorted(taken) == [False, False, False, True]


def test_links_go_with_their_person_and_with_their_time(database: Database, anna: UUID) -> None:
    with database.write() as connection:
        token = store.add_of_user(connection, "recover", anna, ANNA, NOW)
        store.prune(connection, NOW)
        assert store.find(connection, "recover", token, NOW)
        store.prune(connection, NOW + LIFETIME)
        assert store.find(connection, "recover", token, NOW) is None

        token = store.add_of_user(connection, "email", anna, ANNA, NOW)
        users.remove(connection, anna)
        assert store.find(connection, "email", token, NOW) is None


def test_an_invitation_is_found_however_its_address_is_spelled_and_goes_with_its_link(
    database: Database, org_id: UUID
) -> None:
    new = Invitation(uuid4(), org_id, ANNA, "staff", "the operator", NOW, NOW)
    with database.write() as connection:
        invitations.add(connection, new)
        token = store.add_of_invitation(connection, new.id, ANNA, NOW)

        assert invitations.find_by_email(connection, org_id, "anna@ACME.example") == new
        assert invitations.of_organization(connection, org_id) == [new]
        invitations.prune(connection, NOW + KEPT)
        assert invitations.find(connection, new.id) == new
        invitations.remove(connection, new.id)
        assert store.find(connection, "invitation", token, NOW) is None
