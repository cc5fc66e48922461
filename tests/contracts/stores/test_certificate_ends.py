"""When certificates of applications end, in both databases."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from certificates import certificate
from contracts import samples
from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.subject import Subject
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.keys.certificates import store as certificates
from gatepass.server.domain.applications.keys.certificates.ends import store
from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate
from gatepass.server.domain.applications.keys.methods.expiry import store as expiry
from gatepass.server.domain.applications.keys.methods.expiry.sources.store import CERTIFICATES
from gatepass.server.domain.applications.model import Application
from gatepass.server.storage.database import Database
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.timestamps import milliseconds

NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def application(database: Database) -> Application:
    with database.write() as connection:
        new = samples.application(samples.organization(connection).id)
        applications.add(connection, new)
    return new


def added(
    database: Database, application: Application, expected: Certificate | Subject, days: int = 0
) -> UUID:
    """Register what a certificate is recognised by, so many days after NOW; return its id."""
    new = ApplicationCertificate(uuid4(), "Import", expected, NOW + days * DAY, "anna")
    with database.write() as connection:
        certificates.add(connection, application.id, new)
        if isinstance(expected, Certificate):
            store.record(database, connection, new.id, expected)
    return new.id


def subject() -> Subject:
    return Subject("tls_client_auth_san_dns", "billing.acme.example")


def seen(certificate_id: UUID, start: int, end: int, used: int) -> store.SeenCertificate:
    """Return the use of a certificate; all in days after NOW."""
    moments = (milliseconds(NOW + days * DAY) for days in (start, end, used))
    return store.SeenCertificate(certificate_id.bytes, *moments)


def ends(database: Database, *ids: UUID) -> list[int | None]:
    """Return in how many days after NOW each of them ends."""
    with database.read() as connection:
        found = store.find(database, connection, ids)
    return [(found[each][1] - NOW).days if each in found else None for each in ids]


@pytest.mark.parametrize(
    ("uses", "end"),
    [
        ([(0, 90, 1)], 90),
        ([(0, 90, 1), (60, 150, 61)], 150),
        ([(60, 150, 61), (0, 90, 62)], 150),  # another program has the older one
        ([(0, 365, 1), (60, 150, 61)], 150),  # issued later, for a shorter time
        ([(60, 61, 60), (0, 90, 62)], 90),  # the one issued last has expired, this one is used
    ],
)
def test_a_subject_has_the_end_of_the_certificate_that_was_issued_last(
    database: Database, application: Application, uses: list[tuple[int, int, int]], end: int
) -> None:
    own = added(database, application, subject())
    assert ends(database, own) == [None]

    for each in uses:
        with database.write() as connection:
            store.record_seen(connection, [seen(own, *each)])

    assert ends(database, own) == [end]


def test_of_several_uses_of_one_moment_one_row_comes_and_of_what_is_gone_none(
    database: Database, application: Application
) -> None:
    own, gone = added(database, application, subject()), uuid4()

    with database.write() as connection:
        store.record_seen(connection, [])
        store.record_seen(
            connection, [seen(own, 0, 90, 1), seen(own, 5, 20, 1), seen(gone, 0, 90, 1)]
        )

    assert ends(database, own, gone) == [20, None]


def test_a_registered_certificate_of_a_program_of_the_version_before_gets_its_end(
    database: Database, application: Application
) -> None:
    new = ApplicationCertificate(uuid4(), "Import", certificate(end=NOW + 9 * DAY), NOW, "anna")
    with database.write() as connection:
        certificates.add(connection, application.id, new)
        assert store.lacks_any(database, connection)
        assert store.fill(connection) >= 1
        assert not store.lacks_any(database, connection)

    assert ends(database, new.id) == [9]


def test_with_a_certificate_its_end_goes(database: Database, application: Application) -> None:
    own = added(database, application, certificate(end=NOW + 9 * DAY))
    with database.write() as connection:
        expiry.record(CERTIFICATES, connection, own, NOW + 9 * DAY, 7)
        applications.remove(connection, application.id)

    assert ends(database, own) == [None]


@pytest.mark.parametrize(
    ("registered", "found"),
    [
        ([(certificate(end=NOW + 20 * DAY), 0)], [0]),
        ([(certificate(end=NOW + 200 * DAY), 0)], []),
        ([(certificate(end=NOW + 20 * DAY), 0), (certificate(end=NOW + 40 * DAY), 1)], [1]),
        ([(certificate(end=NOW + 20 * DAY), 0), (subject(), 1)], [1]),
        ([(subject(), 0), (certificate(end=NOW + 40 * DAY), 1)], [0, 1]),
        ([(certificate(end=NOW + 20 * DAY), 1), (certificate(end=NOW - DAY), 2)], [0]),
    ],
    ids=["soon", "late", "replaced", "by a subject", "subjects are not", "by one that has ended"],
)
def test_what_expires_soon_and_what_a_newer_one_replaces(
    database: Database,
    application: Application,
    registered: list[tuple[Certificate | Subject, int]],
    found: list[int],
) -> None:
    ids = [added(database, application, expected, days) for expected, days in registered]
    with database.write() as connection:
        store.record_seen(
            connection,
            [
                seen(own, -70, 20, 0)
                for own, (expected, _) in zip(ids, registered, strict=True)
                if isinstance(expected, Subject)
            ],
        )
        soon = expiry.find(
            CERTIFICATES, database, connection, NOW, org_id=application.org_id, within=90 * DAY
        )

    assert [ids.index(each.credential_id) for each in soon] == found
    assert all(each.validity.is_renewed == ("dns" in str(each.detail)) for each in soon)


def test_the_migration_fills_in_the_ends_of_certificates_that_are_there(
    connect: Callable[[], Database],
) -> None:
    database, own = connect(), uuid4()
    steps = revisions.load()
    runner.migrate(database, [each for each in steps if each.revision < store.REVISION])
    with database.write() as connection:
        app = samples.application(samples.organization(connection).id)
        applications.add(connection, app)
        insert = text(
            "INSERT INTO application_certificate"
            " (id, application_id, name, certificate, created_at, created_by)"
            " VALUES (:id, :app_id, 'Import', :certificate, 0, 'anna')"
        )
        is_sqlite = connection.dialect.name == "sqlite"
        der = b64encode(certificate(end=NOW + 9 * DAY).der).decode()
        for each, written in ((own, der), (uuid4(), "damaged")):
            connection.execute(
                insert,
                {
                    "id": each.hex if is_sqlite else each,
                    "app_id": app.id.hex if is_sqlite else app.id,
                    "certificate": written,
                },
            )

    runner.migrate(database, steps)

    assert ends(database, own) == [9]
