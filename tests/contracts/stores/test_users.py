from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from contracts import samples
from contracts.samples import AWKWARD, NOW, SECOND
from gatepass.server.domain.users import store
from gatepass.server.domain.users.store import After
from gatepass.server.storage.database import Connection, Database


def test_a_person_comes_back_with_every_column(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        new = samples.person(
            connection,
            org.id,
            role="admin",
            username="anna",
            email="Anna@Example.com",
            external_user_id=AWKWARD,
            first_name=AWKWARD,
            last_name=AWKWARD,
            street_and_number=AWKWARD,
            street_add_info=AWKWARD,
            zip_code="10115",
            town=AWKWARD,
            country_iso2="DE",
            disabled_at=NOW,
            password_hash="$argon2id$",
            must_change_password=True,
            password_changed_at=NOW,
            last_login_at=NOW + SECOND,
            pending_email="Anna@New.example",
            pending_email_at=NOW,
            pending_email_by=AWKWARD,
        )

        assert store.find(connection, new.id) == new
        assert store.find_by_username(connection, "anna") == new


def test_who_is_not_there_is_not_found(database: Database) -> None:
    with database.read() as connection:
        assert store.find(connection, uuid4()) is None
        assert store.find_by_username(connection, "nobody") is None


def test_an_address_is_taken_in_whatever_case_but_not_elsewhere(database: Database) -> None:
    with database.write() as connection:
        ours, other = samples.organization(connection), samples.organization(connection)
        anna = samples.person(connection, ours.id, email="Straße@Example.com")

        def taken(email: str) -> bool:
            return store.email_is_taken(connection, ours.id, email)

        assert taken("straße@example.com")
        assert taken("STRASSE@EXAMPLE.COM")
        assert not taken("strase@example.com")
        assert not store.email_is_taken(connection, other.id, "straße@example.com")
        assert not store.email_is_taken(
            connection, ours.id, "straße@example.com", by_other_than=anna.id
        )


def test_the_database_itself_keeps_addresses_and_usernames_apart(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        samples.person(connection, org.id, email="a@example.com", username="anna")
        kept = samples.person(connection, org.id)

    for clash in ({"email": "A@Example.com"}, {"username": "anna"}):
        with pytest.raises(IntegrityError), database.write() as connection:
            samples.person(connection, org.id, **clash)
        with pytest.raises(IntegrityError), database.write() as connection:
            store.change(connection, kept.id, clash)


def test_many_may_have_neither_address_nor_username(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        people = [samples.person(connection, org.id) for _ in range(3)]

        assert len(store.of_organization(connection, org.id)) == len(people)


def test_nobody_belongs_to_no_organization(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        samples.person(connection, uuid4())


def test_a_changed_address_is_found_and_the_old_one_free(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        anna = samples.person(connection, org.id, email="old@example.com")
        bert = samples.person(connection, org.id, email="bert@example.com")

        store.change(connection, anna.id, {"email": "New@Example.com", "updated_at": NOW})

        changed = store.find(connection, anna.id)
        assert changed
        assert changed.email == "New@Example.com"
        assert store.email_is_taken(connection, org.id, "new@example.com")
        assert not store.email_is_taken(connection, org.id, "old@example.com")
        assert store.find(connection, bert.id) == bert


def test_pages_go_on_behind_the_last_even_within_one_moment(database: Database) -> None:
    with database.write() as connection:
        org, other = samples.organization(connection), samples.organization(connection)
        people = [samples.person(connection, org.id) for _ in range(5)]
        late = samples.person(connection, org.id, created_at=NOW + SECOND)
        samples.person(connection, other.id)

        seen = []
        after: After | None = None
        for size in (2, 2, 2, 0):
            page = store.of_organization(connection, org.id, after=after, limit=2)
            assert len(page) == size
            seen += [each.id for each in page]
            after = After(page[-1].created_at, page[-1].id) if page else None

    assert set(seen[:-1]) == {each.id for each in people}
    assert seen[-1] == late.id
    assert len(seen) == 6


def test_filters_fit_whole_values(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        anna = samples.person(connection, org.id, email="A@example.com", external_user_id="x_1")
        samples.person(connection, org.id, external_user_id="xx1", role="staff")

        def found(**where: str) -> list[object]:
            return [each.id for each in store.of_organization(connection, org.id, where=where)]

        assert found(email="a@EXAMPLE.com") == [anna.id]
        assert found(external_user_id="x_1") == [anna.id]
        assert found(external_user_id="x%") == []
        assert found(external_user_id="x_1", role="staff") == []


def test_only_who_can_log_in_counts_as_an_administrator(database: Database) -> None:
    with database.write() as connection:
        org, other = samples.organization(connection), samples.organization(connection)
        _administrator(connection, org.id)
        _administrator(connection, org.id, disabled_at=NOW)
        _administrator(connection, org.id, password_hash=None)
        _administrator(connection, org.id, role="staff")
        _administrator(connection, other.id)

        assert store.active_administrators(connection, org.id) == 1


def test_a_removed_person_is_gone_and_their_names_are_free(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        anna = samples.person(connection, org.id, email="a@example.com", username="anna")

        store.remove(connection, anna.id)

        assert store.find(connection, anna.id) is None
        samples.person(connection, org.id, email="a@example.com", username="anna")


def _administrator(connection: Connection, org_id: UUID, **given: object) -> None:
    values = {"role": "admin", "password_hash": "$argon2id$", **given}
    samples.person(connection, org_id, **values)


@pytest.mark.parametrize(
    ("username", "near"),
    [("bert", "bert"), ("a", "anna"), ("bb", "bert"), ("zoe", "anna"), ("", "anna")],
)
def test_who_is_nobody_is_looked_up_as_the_next_one(
    database: Database, username: str, near: str
) -> None:
    with database.write() as connection:
        org_id = samples.organization(connection).id
        for each in ("anna", "bert", None):
            samples.person(connection, org_id, username=each)

        found = store.find_near_username(connection, username)
        exact = store.find_by_username(connection, username)

    assert found
    assert found.username == near
    assert (exact is not None) == (username == near)


def test_in_an_empty_table_nobody_is_near(database: Database) -> None:
    with database.read() as connection:
        assert store.find_near_username(connection, "anna") is None
