"""The table of addresses from which secrets were used, in both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts import samples
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.uses import store
from gatepass.server.domain.applications.secrets.uses.model import KEPT, MOST_KEPT
from gatepass.server.domain.applications.store import LastUse
from gatepass.server.storage.database import Database
from gatepass.server.storage.timestamps import milliseconds

NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def application(database: Database) -> Application:
    with database.write() as connection:
        new = samples.application(samples.organization(connection).id)
        applications.add(connection, new)
    return new


def use(
    database: Database,
    application: Application,
    *sources: str,
    at: datetime = NOW,
    agent: str = "curl/8",
) -> None:
    """Write one batch: uses from these addresses, the last of which is the newest."""
    secret = application.secrets[0].id.bytes
    uses = [
        LastUse(secret, milliseconds(at) + place, source, agent)
        for place, source in enumerate(sources)
    ]
    with database.write() as connection:
        newest, others = (applications.as_use_rows(part) for part in (uses[-1:], uses[:-1]))
        store.record(connection, newest, others)
        applications.record_use(connection, "", newest)


def sources(database: Database, application: Application, since: datetime = LONG_AGO) -> list[str]:
    with database.read() as connection:
        found = lookup.find(connection, application.id)
        assert found
        return [each.source for each in store.of_application(connection, found, since)]


def rows(database: Database) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM secret_use").scalar_one())


def test_uses_from_one_address_make_no_row(database: Database, application: Application) -> None:
    for _ in range(3):
        use(database, application, "192.0.2.1")

    assert rows(database) == 0
    assert sources(database, application) == ["192.0.2.1"]


def test_every_address_is_known_by_its_last_use(
    database: Database, application: Application
) -> None:
    use(database, application, "192.0.2.1")
    use(database, application, "192.0.2.2", at=NOW + timedelta(hours=1))
    use(database, application, "192.0.2.3", "192.0.2.1", at=NOW + timedelta(hours=2))

    assert sources(database, application) == ["192.0.2.1", "192.0.2.3", "192.0.2.2"]
    late = NOW + timedelta(hours=1, minutes=30)
    assert sources(database, application, since=late) == ["192.0.2.1", "192.0.2.3"]


def test_of_an_application_the_newest_addresses_are_kept(
    database: Database, application: Application
) -> None:
    use(database, application, *(f"2001:db8::{number:x}" for number in range(MOST_KEPT + 20)))

    assert rows(database) == MOST_KEPT
    assert sources(database, application)[-1] == f"2001:db8::{19:x}"


def test_after_its_time_an_address_is_forgotten(
    database: Database, application: Application
) -> None:
    use(database, application, "192.0.2.1", at=NOW - KEPT - timedelta(seconds=1))
    use(database, application, "192.0.2.2", at=NOW - timedelta(days=1))
    use(database, application, "192.0.2.3")

    with database.write() as connection:
        assert store.prune(connection, NOW) == 1

    assert sources(database, application) == ["192.0.2.3", "192.0.2.2"]


def test_what_a_removed_secret_was_used_from_stays_known(
    database: Database, application: Application
) -> None:
    use(database, application, "192.0.2.1")
    with database.write() as connection:
        applications.end_secret(connection, application.secrets[0].id, NOW)
        store.keep_last(connection, application.id, NOW)
        applications.remove_ended_secrets(connection, application.id, NOW)

    assert sources(database, application) == ["192.0.2.1"]


def test_with_the_application_everything_ends(database: Database, application: Application) -> None:
    use(database, application, "192.0.2.1")
    use(database, application, "192.0.2.2")
    with database.write() as connection:
        applications.remove(connection, application.id)

    assert rows(database) == 0
