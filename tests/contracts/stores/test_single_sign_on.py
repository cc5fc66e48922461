from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from contracts import samples
from contracts.samples import AWKWARD, HOUR, NOW
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.single_sign_on import store
from gatepass.server.domain.users.single_sign_on.model import Attempt, Domain, Identity, Provider
from gatepass.server.storage.database import Database
from gatepass.wire.secret import Secret

ISSUER = "https://login.acme.example/tenant"


def provider(org_id: UUID, **given: object) -> Provider:
    values = {
        "issuer": ISSUER,
        "client_id": "gatepass",
        "secret": b"\0encrypted",
        "is_on": True,
        "tested_at": NOW,
        "adds_people": True,
        "role_claim": "groups",
        "roles": {AWKWARD: "staff", "b": "admin"},
        "default_role": "user",
        "highest_role": "staff",
        "emergency_id": None,
        "changed_at": NOW,
        **given,
    }
    return Provider(org_id, **values)  # type: ignore[arg-type]


def attempt(org_id: UUID, state: Secret, **given: object) -> Attempt:
    values = {
        "purpose": "login",
        "issuer": ISSUER,
        "client_id": "gatepass",
        "browser": b"browser",
        "session_digest": None,
        "user_id": None,
        "content": b"\0encrypted",
        "created_at": NOW,
        "expires_at": NOW + HOUR,
        **given,
    }
    return Attempt(state.digest(), org_id, **values)  # type: ignore[arg-type]


def test_a_provider_comes_back_as_it_was_written_and_is_replaced(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        anna = samples.person(connection, org.id)
        first, second = provider(org.id), provider(org.id, emergency_id=anna.id, is_on=False)
        for each in (first, second):
            store.put(connection, each)
            assert store.find(connection, org.id) == each
        assert not store.is_any_on(connection)
        store.change(connection, org.id, {"is_on": True, "secret": b"new"})
        assert store.is_any_on(connection)
        assert store.secrets(connection) == [(org.id, b"new")]
        users.remove(connection, anna.id)

        found = store.find(connection, org.id)

    assert found
    assert found.emergency_id is None


def test_a_domain_is_proved_by_one_organization_alone(database: Database) -> None:
    with database.write() as connection:
        acme, bolt = (samples.organization(connection, name) for name in ("Acme", "Bolt"))
        ours, theirs = (
            Domain(uuid4(), each.id, "acme.example", "token", NOW) for each in (acme, bolt)
        )
        for each in (ours, theirs):
            store.add_domain(connection, each)
        assert store.owner_of(connection, "acme.example") is None
        store.prove_domain(connection, ours, NOW)
        assert store.owner_of(connection, "acme.example") == acme.id
        assert store.domains(connection, acme.id) == [ours._replace(proved_at=NOW)]
        assert store.find_domain(connection, bolt.id, ours.id) is None
    with pytest.raises(IntegrityError), database.write() as connection:
        store.prove_domain(connection, theirs, NOW)
    with database.write() as connection:
        store.remove_domain(connection, ours.id)
        store.prove_domain(connection, theirs, NOW)
        assert store.owner_of(connection, "acme.example") == bolt.id


def test_an_identity_is_of_one_subject_of_an_issuer_and_goes_with_its_person(
    database: Database,
) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        anna = samples.person(connection, org.id)
        first = Identity(org.id, ISSUER, "s1", anna.id, True, NOW)
        store.add_identity(connection, first)
        assert store.find_identity(connection, org.id, ISSUER, "s1") == first
        assert store.find_identity(connection, org.id, ISSUER, "S1") is None
        assert store.find_identity(connection, org.id, f"{ISSUER}/", "s1") is None
        second = first._replace(subject=AWKWARD, has_arrived=False)
        store.add_identity(connection, second)
        store.use_identity(connection, anna.id, NOW + HOUR)
        assert store.identity_of(connection, anna.id) == second._replace(last_used_at=NOW + HOUR)
        assert store.find_identity(connection, org.id, ISSUER, "s1") is None
        assert store.number_connected(connection, org.id, ISSUER) == 1
        users.remove(connection, anna.id)

        assert store.number_connected(connection, org.id, ISSUER) == 0


def test_of_those_who_use_a_state_at_the_same_time_one_gets_it(database: Database) -> None:
    state = Secret("state")
    with database.write() as connection:
        new = attempt(samples.organization(connection).id, state)
        store.add_attempt(connection, new)
    begin = Barrier(4)

    def take() -> Attempt | None:
        begin.wait()
        with database.write() as connection:
            return store.take_attempt(connection, state)

    with ThreadPoolExecutor(4) as pool:
        taken = [each.result() for each in [pool.submit(take) for _ in range(4)]]

    assert [each for each in taken if each] == [new]


def test_attempts_go_with_their_time_their_person_and_their_organizations_setup(
    database: Database,
) -> None:
    states = [Secret(f"state {number}") for number in range(4)]
    with database.write() as connection:
        acme, bolt = (samples.organization(connection, name) for name in ("Acme", "Bolt"))
        anna = samples.person(connection, acme.id)
        store.add_attempt(connection, attempt(acme.id, states[0], expires_at=NOW))
        store.add_attempt(connection, attempt(acme.id, states[1], user_id=anna.id))
        store.add_attempt(connection, attempt(acme.id, states[2]))
        store.add_attempt(connection, attempt(bolt.id, states[3]))
        store.prune(connection, NOW)
        users.remove(connection, anna.id)
        store.remove_attempts(connection, acme.id)

        left = [store.take_attempt(connection, each) is not None for each in states]

    assert left == [False, False, False, True]
