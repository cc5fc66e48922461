from uuid import uuid4

from contracts import samples
from contracts.samples import AWKWARD, NOW, SECOND
from gatepass.server.domain.organizations import store
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.storage.database import Database


def test_an_organization_comes_back_as_it_was(database: Database) -> None:
    with database.write() as connection:
        new = samples.organization(connection, AWKWARD)

        assert store.find(connection, new.id) == new
        assert store.find(connection, uuid4()) is None


def test_all_come_oldest_first(database: Database) -> None:
    young, old = Organization(uuid4(), "young", NOW + SECOND), Organization(uuid4(), "old", NOW)
    with database.write() as connection:
        store.add(connection, young)
        store.add(connection, old)

        assert store.list_all(connection) == [old, young]


def test_one_is_suspended_and_resumed_and_no_other(database: Database) -> None:
    with database.write() as connection:
        ours, other = samples.organization(connection), samples.organization(connection)

        store.set_suspended(connection, ours.id, NOW)
        suspended = store.find(connection, ours.id)
        store.set_suspended(connection, ours.id, None)

        assert suspended
        assert suspended.suspended_at == NOW
        assert store.find(connection, ours.id) == ours
        assert store.find(connection, other.id) == other
