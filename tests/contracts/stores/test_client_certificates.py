"""Certificates of applications, in both databases."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from certificates import certificate
from contracts import samples
from gatepass.jose.x509.subject import Subject
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.keys.certificates import store
from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.store import LastUse
from gatepass.server.storage.database import Database
from gatepass.server.storage.timestamps import milliseconds

NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)
CERTIFICATE = ApplicationCertificate(uuid4(), samples.AWKWARD, certificate(), NOW, "anna")
SUBJECT = ApplicationCertificate(
    uuid4(), "Subject", Subject("tls_client_auth_subject_dn", "CN=é\\, b"), NOW, "anna"
)


@pytest.fixture
def application(database: Database) -> Application:
    with database.write() as connection:
        new = samples.application(samples.organization(connection).id)
        applications.add(connection, new)
    return new


def test_certificates_and_subjects_are_read_as_they_were_added(
    database: Database, application: Application
) -> None:
    with database.write() as connection:
        for each in (CERTIFICATE, SUBJECT):
            store.add(connection, application.id, each)
        found = store.of_application(connection, application.id)
        store.remove(connection, CERTIFICATE.id)
        left = store.of_application(connection, application.id)
        applications.remove(connection, application.id)
        gone = store.of_application(connection, application.id)

    by_id = sorted((CERTIFICATE, SUBJECT), key=lambda each: each.id)
    assert sorted(found, key=lambda each: each.id) == by_id
    assert (left, gone) == ([SUBJECT], [])


def test_the_last_use_is_written_and_other_ids_change_nothing(
    database: Database, application: Application
) -> None:
    uses = [
        LastUse(each, milliseconds(NOW), "192.0.2.1", "curl/8")
        for each in (SUBJECT.id.bytes, b"x" * 16)
    ]
    with database.write() as connection:
        store.add(connection, application.id, SUBJECT)
        store.record_use(connection, applications.as_use_rows(uses))
        store.record_use(connection, "")
        [found] = store.of_application(connection, application.id)
        applications.remove(connection, application.id)

    assert (found.last_used_at, found.last_used_from) == (NOW, "192.0.2.1")
