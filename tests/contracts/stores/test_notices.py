from uuid import uuid4

from contracts import samples
from contracts.samples import AWKWARD, NOW, SECOND
from gatepass.server.domain.users import store as people
from gatepass.server.domain.users.notices import store
from gatepass.server.domain.users.notices.model import MOST, Notice
from gatepass.server.storage.database import Database


def test_notices_come_back_newest_first_and_are_removed_one_by_one(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        anna, sven = (samples.person(connection, org.id) for _ in range(2))
        old = Notice(uuid4(), anna.id, NOW, "role_changed", AWKWARD, AWKWARD)
        new = Notice(uuid4(), anna.id, NOW + SECOND, "email_requested", "sven", "a@example.com")
        theirs = Notice(uuid4(), sven.id, NOW, "email_rejected", "anna", "b@example.com")
        for each in (old, new, theirs):
            store.add(connection, each)

        assert store.of_user(connection, anna.id) == [new, old]
        assert not store.remove(connection, anna.id, theirs.id)
        assert store.remove(connection, anna.id, old.id)
        assert store.of_user(connection, anna.id) == [new]
        store.remove_kind(connection, anna.id, "email_requested")
        assert store.of_user(connection, anna.id) == []
        assert store.of_user(connection, sven.id) == [theirs]


def test_a_person_has_the_newest_notices_and_not_more(database: Database) -> None:
    with database.write() as connection:
        anna = samples.person(connection, samples.organization(connection).id)
        made = [
            Notice(uuid4(), anna.id, NOW + number * SECOND, "role_changed", "sven", "staff")
            for number in range(MOST + 5)
        ]
        for each in made:
            store.add(connection, each)

        assert store.of_user(connection, anna.id) == made[:4:-1]


def test_notices_go_with_their_person(database: Database) -> None:
    with database.write() as connection:
        anna = samples.person(connection, samples.organization(connection).id)
        store.add(connection, Notice(uuid4(), anna.id, NOW, "role_changed", "sven", "staff"))

        people.remove(connection, anna.id)

        assert store.of_user(connection, anna.id) == []
