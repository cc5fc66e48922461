"""Settings that few applications have, in both databases and in tables of the version before."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from contracts import samples
from gatepass.server.domain.applications import cache_lookup, lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.settings import store
from gatepass.server.domain.applications.settings.model import NO_SETTINGS, ApplicationSettings
from gatepass.server.storage.database import Database
from gatepass.server.storage.migrations import revisions, runner

SETTINGS = [
    ApplicationSettings(dpop_bound_access_tokens=True),
    ApplicationSettings(tls_client_certificate_bound_access_tokens=True),
    ApplicationSettings(profile="fapi2"),
    ApplicationSettings(introspection_signed_response_alg="PS256"),
    ApplicationSettings(True, True, "fapi2", "ES256"),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_are_read_as_they_were_put(
    database: Database, settings: ApplicationSettings
) -> None:
    with database.write() as connection:
        new = samples.stored_application(connection)
        store.put(connection, new.id, settings)
        whole = lookup.find(connection, new.id)
        kept = cache_lookup.find(connection, new.client_id)

    assert whole == replace(new, **settings._asdict())
    assert kept is not None
    assert kept.settings == settings
    if database.direct_reads:
        found = cache_lookup.find_directly(database.direct_reads, new.client_id)
        assert found == (kept,)


def test_settings_that_are_taken_back_leave_no_row(database: Database) -> None:
    with database.write() as connection:
        new = samples.stored_application(connection)
        store.put(connection, new.id, SETTINGS[-1])
        store.put(connection, new.id, NO_SETTINGS)
        rows = connection.execute(store.application_setting.select()).all()
        kept = cache_lookup.find(connection, new.client_id)

    assert rows == []
    assert kept is not None
    assert kept.settings is NO_SETTINGS


def test_a_new_application_may_have_settings(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        new = samples.application(org.id, dpop_bound_access_tokens=True)
        applications.add(connection, new)

        assert lookup.find(connection, new.id) == new


def test_tables_of_the_version_before_have_applications_without_settings(
    connect: Callable[[], Database],
) -> None:
    known = revisions.load()
    with closing(connect()) as database:
        runner.migrate(database, [each for each in known if each.revision < store.REVISION])
        with database.write() as connection:
            new = samples.stored_application(connection)
        with database.read() as connection:
            assert lookup.find(connection, new.id) == new
            assert cache_lookup.find(connection, new.client_id) == CachedApplication.of(new)
            found = cache_lookup.find_all(connection, [new.id.bytes, "nobody"])
        assert found == {new.id.bytes: CachedApplication.of(new)}
        assert not database.is_known_to_have(store.REVISION)
