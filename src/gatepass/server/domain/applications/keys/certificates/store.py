"""The table of applications' certificates."""

from base64 import b64decode, b64encode
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Row,
    Table,
    Text,
    Update,
    Uuid,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.subject import Member, Subject
from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import given_rows

REVISION = "0036"
"""The revision of the tables that has this one."""

application_certificate = Table(
    "application_certificate",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "application_id",
        Uuid,
        ForeignKey("application.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name", Text, nullable=False),
    Column("certificate", Text),  # DER as base64; of a subject null
    Column("member", Text),  # of the client's metadata, as tls_client_auth_san_dns
    Column("value", Text),
    Column("created_at", Timestamp, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("last_used_at", Timestamp),
    Column("last_used_from", Text),
    Column("last_used_agent", Text),
)
_of_application = (
    select(application_certificate)
    .where(application_certificate.c.application_id == bindparam("app_id"))
    .order_by(application_certificate.c.created_at, application_certificate.c.id)
)


def add(connection: Connection, app_id: UUID, new: ApplicationCertificate) -> None:
    """Add a certificate, or a subject, to an application."""
    expected = new.expected
    if isinstance(expected, Subject):
        der, (member, value) = None, expected
    else:
        der, member, value = b64encode(expected.der).decode(), None, None
    connection.execute(
        insert(application_certificate).values(
            id=new.id,
            application_id=app_id,
            name=new.name,
            certificate=der,
            member=member,
            value=value,
            created_at=new.created_at,
            created_by=new.created_by,
        )
    )


def of_application(connection: Connection, app_id: UUID) -> list[ApplicationCertificate]:
    """Return what an application's certificates are recognised by, the oldest first."""
    return [_read(row) for row in connection.execute(_of_application, {"app_id": app_id})]


def remove(connection: Connection, certificate_id: UUID) -> None:
    """Delete a certificate, or a subject."""
    table = application_certificate
    connection.execute(delete(table).where(table.c.id == certificate_id))


def record_use(connection: Connection, rows: str) -> None:
    """Write the last uses, as `as_use_rows` of the applications' store returns them.

    Rows of other ids, as those of secrets, change nothing.
    """
    if rows:
        connection.execute(_noting_use(connection.dialect.name), {"rows": rows})


@cache
def _noting_use(dialect: str) -> Update:
    table = application_certificate.c
    columns = table["id", "last_used_at", "last_used_from", "last_used_agent"]
    new = given_rows(dialect, columns)
    values = {column: new.c[column.key] for column in columns if column is not table.id}
    return update(application_certificate).where(table.id == new.c.id).values(values)


def expected_of(der: str | None, member: str | None, value: str | None) -> Certificate | Subject:
    """Return what the columns `certificate`, `member` and `value` say."""
    if der is not None:
        return Certificate.from_der(b64decode(der))
    return Subject(cast("Member", member), value or "")


def _read(row: Row[Any]) -> ApplicationCertificate:
    return ApplicationCertificate(
        id=row.id,
        name=row.name,
        expected=expected_of(row.certificate, row.member, row.value),
        created_at=row.created_at,
        created_by=row.created_by,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        last_used_agent=row.last_used_agent,
    )
