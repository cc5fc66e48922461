from datetime import datetime
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from contracts import samples
from contracts.samples import AWKWARD, HOUR, NOW, SECOND
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import OPERATOR, StatedPolicy
from gatepass.server.domain.users import store as people
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.logins import store as logins
from gatepass.server.domain.users.sessions.logins.model import MOST_KEPT, PastLogin
from gatepass.server.domain.users.sessions.model import Session
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.storage.database import Connection, Database


def test_a_session_comes_back_whole(database: Database) -> None:
    with database.write() as connection:
        new = _opened(connection, _person(connection))

        assert store.find(connection, new.id_digest) == new
        assert store.find(connection, b"\x00" * 32) is None


def test_a_session_is_somebodys(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        store.add(connection, Session(b"x" * 32, uuid4(), NOW, NOW, "", ""))


def test_a_change_tells_whether_the_session_was_still_there(database: Database) -> None:
    with database.write() as connection:
        new = _opened(connection, _person(connection))
        values = {"last_seen_at": NOW + HOUR, "flash": AWKWARD, "once": None}

        assert store.change(connection, new.id_digest, values)
        assert store.find(connection, new.id_digest) == new._replace(
            last_seen_at=NOW + HOUR, flash=AWKWARD, once=None
        )
        store.end(connection, new.id_digest)
        assert not store.change(connection, new.id_digest, values)


def test_somebodys_sessions_come_the_latest_seen_first(database: Database) -> None:
    with database.write() as connection:
        anna = _person(connection)
        old = _opened(connection, anna)
        new = _opened(connection, anna, last_seen_at=NOW + SECOND)
        _opened(connection, _person(connection))

        assert store.of_user(connection, anna.id) == [new, old]


def test_all_of_somebodys_sessions_end_but_the_one_kept(database: Database) -> None:
    with database.write() as connection:
        anna, bert = _person(connection), _person(connection)
        kept, _ = _opened(connection, anna), _opened(connection, anna)
        others = _opened(connection, bert)

        store.end_of_user(connection, anna.id, but=kept.id_digest)
        assert store.of_user(connection, anna.id) == [kept]
        store.end_of_user(connection, anna.id)
        assert store.of_user(connection, anna.id) == []
        assert store.of_user(connection, bert.id) == [others]


def test_sessions_past_a_policy_end_those_of_each_organization_by_its_own(
    database: Database,
) -> None:
    with database.write() as connection:
        anna, bert = _person(connection), _person(connection)
        idle = _opened(connection, anna, last_seen_at=NOW - 10 * SECOND)
        old = _opened(connection, anna, last_seen_at=NOW, created_at=NOW - HOUR)
        fresh = _opened(connection, anna, last_seen_at=NOW - 9 * SECOND)
        theirs = _opened(connection, bert, last_seen_at=NOW - HOUR, created_at=NOW - 2 * HOUR)
        policies.put(connection, anna.org_id, StatedPolicy(session_idle=10, session_absolute=3600))

        store.end_past_policy(connection, NOW)

        assert store.of_user(connection, anna.id) == [fresh]
        assert store.of_user(connection, bert.id) == [theirs]
        assert store.find(connection, idle.id_digest) is store.find(connection, old.id_digest)


def test_sessions_past_the_operators_policy_end_in_every_organization(database: Database) -> None:
    with database.write() as connection:
        anna, bert = _person(connection), _person(connection)
        for each in (anna, bert):
            _opened(connection, each, last_seen_at=NOW - HOUR)
        kept = _opened(connection, bert, last_seen_at=NOW)
        # The longest limit, which is far more milliseconds than 32 bits hold.
        policies.put(connection, OPERATOR, StatedPolicy(session_idle=60))
        policies.put(connection, anna.org_id, StatedPolicy(session_absolute=365 * 24 * 3600))

        store.end_past_policy(connection, NOW)

        assert store.of_user(connection, anna.id) == []
        assert store.of_user(connection, bert.id) == [kept]


def test_the_last_logins_of_a_person_are_kept_and_the_one_before_a_moment_is_found(
    database: Database,
) -> None:
    with database.write() as connection:
        anna, bert = _person(connection), _person(connection)
        made = [
            PastLogin(anna.id, NOW + number * SECOND, f"192.0.2.{number}", AWKWARD, "password")
            for number in range(MOST_KEPT + 3)
        ]
        for each in (*made, PastLogin(bert.id, NOW, "192.0.2.99", "", "password")):
            logins.record(connection, each)

        assert logins.before(connection, anna.id, NOW + 5 * SECOND) == made[4]
        assert logins.before(connection, anna.id, NOW + 3 * SECOND) is None
        assert logins.before(connection, anna.id, NOW + HOUR) == made[-1]
        assert logins.before(connection, bert.id, NOW) is None


def test_the_sessions_of_an_organization_end(database: Database) -> None:
    with database.write() as connection:
        anna, bert = _person(connection), _person(connection)
        _opened(connection, anna)
        others = _opened(connection, bert)

        store.end_of_organization(connection, anna.org_id)

        assert store.of_user(connection, anna.id) == []
        assert store.of_user(connection, bert.id) == [others]


def test_who_is_removed_is_logged_out_and_forgotten(database: Database) -> None:
    with database.write() as connection:
        anna = _person(connection)
        opened = _opened(connection, anna)
        store.remember_device(connection, b"d" * 32, anna.id, NOW)

        people.remove(connection, anna.id)

        assert store.find(connection, opened.id_digest) is None
        assert store.owner_of_device(connection, b"d" * 32) != anna.username


def test_a_device_is_known_to_the_one_who_used_it_last(database: Database) -> None:
    with database.write() as connection:
        anna, bert = _person(connection), _person(connection)
        store.remember_device(connection, b"d" * 32, anna.id, NOW)
        assert store.owner_of_device(connection, b"d" * 32) == anna.username
        assert store.owner_of_device(connection, b"d" * 32) != bert.username
        assert store.owner_of_device(connection, b"e" * 32) != anna.username

        store.remember_device(connection, b"d" * 32, bert.id, NOW)
        assert store.owner_of_device(connection, b"d" * 32) == bert.username
        assert store.owner_of_device(connection, b"d" * 32) != anna.username


def test_only_what_is_unused_is_forgotten(database: Database) -> None:
    with database.write() as connection:
        anna = _person(connection)
        _opened(connection, anna, last_seen_at=NOW - SECOND)
        kept = _opened(connection, anna, last_seen_at=NOW)
        store.remember_device(connection, b"o" * 32, anna.id, NOW - HOUR - SECOND)
        store.remember_device(connection, b"n" * 32, anna.id, NOW - HOUR)

        store.prune(connection, NOW, NOW - HOUR)

        assert store.of_user(connection, anna.id) == [kept]
        assert store.owner_of_device(connection, b"o" * 32) != anna.username
        assert store.owner_of_device(connection, b"n" * 32) == anna.username


def test_the_proofs_of_a_session_move_to_the_one_that_has_its_place(database: Database) -> None:
    with database.write() as connection:
        old = _opened(connection, _person(connection))
        proofs.record(connection, old.id_digest, "password", NOW)
        proofs.record(connection, old.id_digest, "totp", NOW + SECOND)
        new = old._replace(id_digest=uuid4().bytes * 2)
        store.add(connection, new)

        proofs.move(connection, old.id_digest, new.id_digest)
        assert store.end(connection, old.id_digest)

        moved = {"password": NOW, "totp": NOW + SECOND}
        assert proofs.of_session(connection, new.id_digest) == moved
        assert proofs.of_session(connection, old.id_digest) == {}
        assert not store.end(connection, old.id_digest)


def _person(connection: Connection) -> User:
    return samples.person(connection, samples.organization(connection).id, username=uuid4().hex)


def _opened(
    connection: Connection,
    person: User,
    last_seen_at: datetime = NOW,
    created_at: datetime = NOW,
) -> Session:
    new = Session(
        id_digest=uuid4().bytes * 2,
        user_id=person.id,
        created_at=created_at,
        last_seen_at=last_seen_at,
        source="2001:db8::1",
        user_agent=AWKWARD,
        flash="Saved.",
        once=bytes(range(256)),
        once_expires_at=NOW + HOUR,
    )
    store.add(connection, new)
    return new
