"""What can be done to the certificates of an application: each in one transaction."""

from dataclasses import replace
from uuid import UUID, uuid4

from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.subject import Subject
from gatepass.server.domain.applications.keys.certificates import notices, store
from gatepass.server.domain.applications.keys.certificates.ends import store as ends
from gatepass.server.domain.applications.keys.certificates.model import (
    ApplicationCertificate,
    check_certificate,
    check_name,
    check_new,
    check_subject,
)
from gatepass.server.domain.applications.keys.methods.expiry.model import Validity
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.end import in_words
from gatepass.server.domain.applications.transaction_steps import begin_change, record_change
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def is_offered(context: Context) -> bool:
    """Return whether the tables have a place for certificates."""
    with context.database.read() as connection:
        return context.database.has(connection, store.REVISION)


def of_application(context: Context, application: Application) -> list[ApplicationCertificate]:
    """Return what an application's certificates are recognised by, the oldest first.

    A subject has the end of the certificate that it recognised last.
    """
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return []
        return find(context, connection, application.id)


def find(context: Context, connection: Connection, app_id: UUID) -> list[ApplicationCertificate]:
    """Return the same within a transaction, where the tables have a place for them."""
    found = store.of_application(connection, app_id)
    subjects = [each.id for each in found if isinstance(each.expected, Subject)]
    known = ends.find(context.database, connection, subjects)
    return [
        replace(each, seen=Validity(*known[each.id], is_renewed=True)) if each.id in known else each
        for each in found
    ]


def add(
    context: Context, by: Actor, app_id: UUID, org_id: UUID | None, *, name: str, text: bytes
) -> ApplicationCertificate:
    """Add a certificate in PEM, for `self_signed_tls_client_auth`; raise OAuthError."""
    label = check_name(name)
    return _add(context, by, app_id, org_id, label, check_certificate(text, context.now()))


def add_subject(
    context: Context,
    by: Actor,
    app_id: UUID,
    org_id: UUID | None,
    *,
    name: str,
    member: str,
    value: str,
) -> ApplicationCertificate:
    """Add the subject that certificates of an authority name, for `tls_client_auth`.

    `member` is that of the client's metadata, as `tls_client_auth_san_dns`. Raises OAuthError.
    """
    label = check_name(name)
    return _add(context, by, app_id, org_id, label, check_subject(member, value))


def remove(
    context: Context, by: Actor, app_id: UUID, certificate_id: UUID, org_id: UUID | None
) -> None:
    """Remove a certificate, or a subject: it does not authenticate any more.

    Tokens that were issued stay valid. Raises NotFoundError.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        _check_tables(context, connection)
        known = store.of_application(connection, app_id)
        found = next((each for each in known if each.id == certificate_id), None)
        if found is None:
            raise NotFoundError(str(certificate_id))
        store.remove(connection, certificate_id)
        record_change(
            connection,
            by,
            now,
            application,
            "client_certificate.removed",
            certificate=found.name,
            recognised_by=found.words,
        )
        notices.removed(context, connection, by, application, found, now)


def _add(
    context: Context,
    by: Actor,
    app_id: UUID,
    org_id: UUID | None,
    name: str,
    expected: Certificate | Subject,
) -> ApplicationCertificate:
    with begin_change(context, app_id, org_id) as (connection, application, now):
        _check_tables(context, connection)
        known = store.of_application(connection, app_id)
        for each in known:
            if not each.is_live(now):
                store.remove(connection, each.id)
        check_new([each for each in known if each.is_live(now)], expected)
        new = ApplicationCertificate(uuid4(), name, expected, now, by.name)
        store.add(connection, app_id, new)
        if isinstance(expected, Certificate):
            ends.record(context.database, connection, new.id, expected)
        record_change(
            connection,
            by,
            now,
            application,
            "client_certificate.added",
            certificate=name,
            recognised_by=new.words,
            end=in_words(new.expires_at),
        )
        notices.added(context, connection, by, application, new, now)
    return new


def _check_tables(context: Context, connection: Connection) -> None:
    if not context.database.has(connection, store.REVISION):
        raise OAuthError(
            "temporarily_unavailable",
            Message("Certificates cannot be used yet: the operator has not migrated the database."),
        )
