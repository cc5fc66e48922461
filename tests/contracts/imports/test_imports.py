from datetime import timedelta
from uuid import uuid4

from contracts import samples
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.imports import store
from gatepass.server.domain.imports.store import Imported
from gatepass.server.storage.database import Database

HASH = "scrypt$16$a$1$1$" + "A" * 86 + "=="


def imported(**given: object) -> Imported:
    values = {
        "source": "django-oauth-toolkit",
        "client_id": samples.AWKWARD,
        "owner": "7",
        "org_id": uuid4(),
        "fingerprint": bytes(range(32)),
        "at": samples.NOW,
    }
    return Imported(**{**values, **given})  # type: ignore[arg-type]


def test_what_was_imported_is_found_by_its_source_and_client_id(database: Database) -> None:
    new = imported()
    with database.write() as connection:
        assert not store.is_any(connection)
        store.add(connection, new)

    with database.read() as connection:
        assert store.is_any(connection)
        ids = [new.client_id, "another"]
        assert store.find_many(connection, new.source, ids) == {new.client_id: new}
        assert store.find_many(connection, "elsewhere", ids) == {}


def test_the_organization_of_an_owner_is_the_one_of_the_last_time(database: Database) -> None:
    first = imported(client_id="1")
    second = imported(client_id="2", at=samples.NOW + timedelta(seconds=1))
    with database.write() as connection:
        for each in (second, first):
            store.add(connection, each)

    with database.read() as connection:
        found = store.organizations_of(connection, first.source, ["7", "8"])
        assert found == {"7": second.org_id}


def test_a_hash_of_elsewhere_is_kept_until_a_digest_replaces_it(database: Database) -> None:
    old = samples.secret(encoded=HASH, last_four="")
    with database.write() as connection:
        owner = samples.organization(connection)
        new = samples.application(owner.id, secrets=(old,), imported_from="elsewhere")
        applications.add(connection, new)
    with database.read() as connection:
        assert lookup.find(connection, new.id) == new
        assert applications.encoded(connection, 10) == [HASH]
        assert applications.legacy_hash(connection, old.id) == HASH
    with database.write() as connection:
        applications.replace_hash(connection, old.id, HASH, b"d" * 32, "1234")
        too_late = (b"e" * 32, "5678")
        applications.replace_hash(connection, old.id, HASH, *too_late)

    with database.read() as connection:
        found = lookup.find(connection, new.id)
        assert applications.encoded(connection, 10) == []
        assert applications.legacy_hash(connection, old.id) is None
    assert found
    (kept,) = found.secrets
    assert (kept.digest, kept.last_four, kept.encoded) == (b"d" * 32, "1234", None)


def test_as_many_hashes_are_given_as_are_asked_for(database: Database) -> None:
    with database.write() as connection:
        owner = samples.organization(connection)
        for _ in range(3):
            secrets = (samples.secret(encoded=HASH), samples.secret())
            applications.add(connection, samples.application(owner.id, secrets=secrets))

    with database.read() as connection:
        assert len(applications.encoded(connection, 2)) == 2
        assert len(applications.encoded(connection, 9)) == 3
