"""The operating organization and the roles of its people, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from contracts import samples
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.operators import store
from gatepass.server.domain.users.operators.model import Roles
from gatepass.server.storage.database import Connection, Database
from gatepass.wire.credential import Mode

OWNER: Roles = {Mode.LIVE: frozenset({"owner"}), Mode.TEST: frozenset({"security", "owner"})}


def operating(connection: Connection) -> UUID:
    org_id = samples.organization(connection, "The Operator").id
    organizations.set_operating(connection, org_id)
    return org_id


def owner(connection: Connection, org_id: UUID, username: str, roles: Roles = OWNER) -> User:
    new = samples.person(connection, org_id, username=username, password_hash="hash")
    store.set_roles(connection, new.id, roles)
    return new


def test_roles_are_read_as_they_were_written_and_gone_with_the_person(database: Database) -> None:
    with database.write() as connection:
        olga = owner(connection, operating(connection), "olga")
    with database.read() as connection:
        found = store.find(database, connection, olga)
    with database.write() as connection:
        users.remove(connection, olga.id)

    assert found
    assert found.roles == OWNER
    with database.read() as connection:
        assert store.roles_of(connection, olga.id) == {}


def test_partners_are_listed_without_the_operating_organization(database: Database) -> None:
    with database.write() as connection:
        partner = samples.organization(connection)
        before = organizations.list_partners(database, connection)
        org_id = operating(connection)
        after = organizations.list_partners(database, connection)

    assert before == after == [partner]
    with database.read() as connection:
        assert organizations.find_operating(database, connection) == org_id


def test_there_is_one_operating_organization_at_most(database: Database) -> None:
    with database.write() as connection:
        operating(connection)

    with pytest.raises(IntegrityError), database.write() as connection:
        operating(connection)


def test_the_last_owner_is_the_one_who_can_log_in(database: Database) -> None:
    of_sandbox: Roles = {Mode.TEST: frozenset({"owner"})}
    with database.write() as connection:
        org_id = operating(connection)
        olga, ben = (owner(connection, org_id, name) for name in ("olga", "ben"))
        stan = owner(connection, org_id, "stan", of_sandbox)
        both = [store.is_last_owner(database, connection, each) for each in (olga, ben, stan)]
        users.change(connection, ben.id, {"disabled_at": samples.NOW})
        one = [store.is_last_owner(database, connection, each) for each in (olga, ben, stan)]

    assert both == [False, False, False]
    assert one == [True, False, False]


def test_two_who_take_the_last_two_owners_away_at_once_leave_one(database: Database) -> None:
    with database.write() as connection:
        org_id = operating(connection)
        owners = [owner(connection, org_id, name) for name in ("olga", "ben")]
    together = Barrier(2)

    def take(whose: User) -> bool:
        together.wait()
        with database.write() as connection:
            is_last = store.is_last_owner(database, connection, whose)
            if not is_last:
                store.set_roles(connection, whose.id, {})
        return is_last

    with ThreadPoolExecutor(2) as threads:
        refused = list(threads.map(take, owners))

    assert sorted(refused) == [False, True]
