"""What memory keeps of an application, as it is read from either database."""

from uuid import uuid4

import pytest

from contracts import samples
from gatepass.server.domain.applications import cache_lookup, lookup
from gatepass.server.domain.applications.cached_application import CachedApplication, Key
from gatepass.server.storage.database import Database


def test_what_is_kept_of_an_application_is_the_same_as_of_the_whole_one(
    database: Database,
) -> None:
    with database.write() as connection:
        stored = samples.varied_applications(connection)

        for each in stored:
            whole = lookup.find(connection, each.id)
            assert whole == each
            kept = CachedApplication.of(whole)
            assert cache_lookup.find(connection, each.client_id) == kept
            assert cache_lookup.find(connection, each.id.bytes) == kept


def test_several_are_found_at_once_by_either_key(database: Database) -> None:
    with database.write() as connection:
        plain, two, none, full = samples.varied_applications(connection)

        wanted = {
            each.id.bytes if each is plain else each.client_id: CachedApplication.of(each)
            for each in (plain, two, none, full)
        }
        assert cache_lookup.find_all(connection, [*wanted, "nobody", uuid4().bytes]) == wanted
        assert cache_lookup.find_all(connection, ["nobody", uuid4().bytes]) == {}
        assert cache_lookup.find_all(connection, []) == {}


def test_one_that_is_asked_for_by_both_keys_has_each_secret_once(database: Database) -> None:
    with database.write() as connection:
        new = samples.stored_application(connection)
        keys: list[Key] = [new.client_id, new.id.bytes]

        found = cache_lookup.find_all(connection, keys)

    assert found == dict.fromkeys(keys, CachedApplication.of(new))


def test_one_is_found_among_neighbours_that_were_not_asked_for(database: Database) -> None:
    with database.write() as connection:
        for client_id in ("a", "c", "e"):
            samples.stored_application(connection, client_id=client_id)

        found = cache_lookup.find_all(connection, ["b", "c", "d", "f"])

    assert list(found) == ["c"]


@pytest.mark.parametrize(
    "key", ["", "gpc_live_abc", "gpc_live_%", "gpc_live_AbC ", "\uffff", "'", bytes(16)]
)
def test_an_unknown_key_is_known_not_to_be_there(database: Database, key: str | bytes) -> None:
    with database.write() as connection:
        assert cache_lookup.find(connection, key) is None  # in an empty table, too
        samples.stored_application(connection, client_id="gpc_live_AbC")

        assert cache_lookup.find(connection, key) is None
