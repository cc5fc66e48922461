"""How each kind of credential is read, and the tables of reminders about them: data."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    Row,
    Table,
    Uuid,
    and_,
    case,
    exists,
    literal,
    or_,
)

from gatepass.server.domain.applications.keys.certificates.ends.store import (
    REVISION as CERTIFICATE_ENDS,
)
from gatepass.server.domain.applications.keys.certificates.ends.store import certificate_end
from gatepass.server.domain.applications.keys.certificates.model import method_of, words_of
from gatepass.server.domain.applications.keys.certificates.store import (
    application_certificate,
    expected_of,
)
from gatepass.server.domain.applications.keys.methods.expiry.store import Source
from gatepass.server.domain.applications.keys.store import application_key
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    store as automatic_rotation,
)
from gatepass.server.domain.applications.store import secret
from gatepass.server.storage.database import Database, Timestamp, metadata


def _notices(name: str, credential: str, credentials: Table) -> Table:
    """Return the table of the reminders about one kind of credential: all have one shape."""
    return Table(
        name,
        metadata,
        Column(
            credential,
            Uuid,
            ForeignKey(f"{credentials.name}.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("expires_at", Timestamp, nullable=False),
        Column("days", Integer, nullable=False),
    )


secret_notice = _notices("secret_notice", "secret_id", secret)
key_notice = _notices("key_notice", "key_id", application_key)
certificate_notice = _notices("certificate_notice", "certificate_id", application_certificate)


def _is_secret_replaced(
    database: Database, connection: Connection, now: datetime
) -> ColumnElement[bool]:
    """Return the condition that a newer live secret of the application stands beside a secret.

    One that an automatic rotation has prepared and not committed does not replace another.
    """
    newer = secret.alias()
    has_prepared = database.has(connection, automatic_rotation.REVISION)
    return exists().where(
        newer.c.application_id == secret.c.application_id,
        newer.c.created_at > secret.c.created_at,
        or_(newer.c.expires_at.is_(None), newer.c.expires_at > now),
        *([~automatic_rotation.is_prepared(newer.c.id)] if has_prepared else ()),
    )


def _is_key_replaced(
    _database: Database, _connection: Connection, now: datetime
) -> ColumnElement[bool]:
    """Return the condition that the application of a key has a newer key that is live."""
    newer = application_key.alias()
    return exists().where(
        newer.c.application_id == application_key.c.application_id,
        newer.c.created_at > application_key.c.created_at,
        or_(newer.c.expires_at.is_(None), newer.c.expires_at > now),
    )


def _is_certificate_replaced(
    _database: Database, _connection: Connection, now: datetime
) -> ColumnElement[bool]:
    """Return the condition that the application of a certificate has a newer one that is live.

    That is for one that is registered itself; what a subject recognises is renewed elsewhere.
    """
    newer, newer_end = application_certificate.alias(), certificate_end.alias()
    rows = newer.outerjoin(newer_end, newer_end.c.certificate_id == newer.c.id)
    is_live = or_(
        newer.c.certificate.is_(None),
        newer_end.c.expires_at.is_(None),
        newer_end.c.expires_at > now,
    )
    return and_(
        application_certificate.c.certificate.is_not(None),
        exists()
        .select_from(rows)
        .where(
            newer.c.application_id == application_certificate.c.application_id,
            newer.c.created_at > application_certificate.c.created_at,
            is_live,
        ),
    )


def _detail_of_certificate(row: Row[Any]) -> Mapping[str, str]:
    expected = expected_of(row.certificate, row.member, row.value)
    return {
        "certificate": row.label,
        "method": method_of(expected),
        "recognised_by": words_of(expected),
    }


SECRETS = Source(
    "secret",
    "0019",
    secret,
    secret,
    secret.c.created_at,
    secret.c.expires_at,
    literal(False),
    secret_notice,
    (secret.c.last_four,),
    lambda row: {"last_four": row.last_four},
    _is_secret_replaced,
)
KEYS = Source(
    "key",
    "0037",
    application_key,
    application_key,
    application_key.c.created_at,
    application_key.c.expires_at,
    literal(False),
    key_notice,
    (application_key.c.name.label("label"), application_key.c.jwk),
    lambda row: {"key": row.label, "kid": json.loads(row.jwk)["kid"]},
    _is_key_replaced,
)
CERTIFICATES = Source(
    "certificate",
    CERTIFICATE_ENDS,
    application_certificate,
    application_certificate.join(certificate_end),
    case(
        (application_certificate.c.certificate.is_not(None), application_certificate.c.created_at),
        else_=certificate_end.c.works_from,
    ),
    certificate_end.c.expires_at,
    application_certificate.c.certificate.is_(None),
    certificate_notice,
    (
        application_certificate.c.name.label("label"),
        application_certificate.c.certificate,
        application_certificate.c.member,
        application_certificate.c.value,
    ),
    _detail_of_certificate,
    _is_certificate_replaced,
)
