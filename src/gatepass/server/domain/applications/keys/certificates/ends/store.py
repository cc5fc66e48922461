"""The table of the ends of certificates.

A certificate that is registered itself has its own end here. A subject has that of the certificate
that it recognised and that was issued last: programs that renew theirs at different times do not
make it go back and forth. Where that one has expired, and another one is used, it is that one.
"""

from base64 import b64decode
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, ForeignKey, Select, Table, Uuid, or_, select

from gatepass.jose.x509.certificate import Certificate
from gatepass.server.domain.applications.keys.certificates.store import application_certificate
from gatepass.server.storage.database import Database, Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_into

REVISION = "0038"
"""The revision of the tables that has this one."""

MOST_AT_ONCE = 1_000  # certificates that one transaction reads

certificate_end = Table(
    "certificate_end",
    metadata,
    Column(
        "certificate_id",
        Uuid,
        ForeignKey("application_certificate.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("works_from", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False, index=True),
)


class SeenCertificate(NamedTuple):
    """The certificate of a use; `registered` are the 16 bytes of what recognised it.

    The others are Unix milliseconds: from when until when it works, and when it was used.
    """

    registered: bytes
    works_from: int
    expires_at: int
    used_at: int


def record(
    database: Database, connection: Connection, certificate_id: UUID, certificate: Certificate
) -> None:
    """Write the end of a certificate that was just registered itself."""
    if database.has(connection, REVISION):
        connection.execute(
            insert_into(connection.dialect.name, certificate_end).values(
                certificate_id=certificate_id,
                works_from=certificate.not_before,
                expires_at=certificate.not_after,
            )
        )


def record_seen(connection: Connection, seen: Iterable[SeenCertificate]) -> None:
    """Write the ends of certificates that were used; those that are known change no row.

    What was removed meanwhile is left out.
    """
    newest = {each.registered: each for each in sorted(seen, key=lambda one: one.works_from)}
    rows = [(each.hex(), *others) for each, *others in newest.values()]
    if rows:
        connection.execute(_recording(connection.dialect.name), {"rows": as_rows(rows)})


def lacks_any(database: Database, connection: Connection) -> bool:
    """Return whether a registered certificate has no end, where the tables have a place for it."""
    if not database.has(connection, REVISION):
        return False
    return connection.execute(_without_end().limit(1)).first() is not None


def fill(connection: Connection, limit: int = MOST_AT_ONCE) -> int:
    """Write the ends of registered certificates that have none; return how many had none.

    They are those that a program of the version before added.
    """
    found = [
        (row.id, Certificate.from_der(b64decode(row.certificate)))
        for row in connection.execute(_without_end().limit(limit))
    ]
    for certificate_id, each in found:
        new = insert_into(connection.dialect.name, certificate_end).values(
            certificate_id=certificate_id,
            works_from=each.not_before,
            expires_at=each.not_after,
        )
        connection.execute(new.on_conflict_do_nothing())
    return len(found)


def find(
    database: Database, connection: Connection, certificate_ids: Collection[UUID]
) -> dict[UUID, tuple[datetime, datetime]]:
    """Return from when until when each of them works, by its id, as far as that is known."""
    if not certificate_ids or not database.has(connection, REVISION):
        return {}
    query = select(certificate_end).where(certificate_end.c.certificate_id.in_(certificate_ids))
    return {
        row.certificate_id: (row.works_from, row.expires_at) for row in connection.execute(query)
    }


def _without_end() -> Select[Any]:
    table = application_certificate
    return (
        select(table.c.id, table.c.certificate)
        .outerjoin_from(table, certificate_end)
        .where(table.c.certificate.is_not(None), certificate_end.c.certificate_id.is_(None))
    )


@cache
def _recording(dialect: str) -> Any:  # noqa: ANN401 - of one dialect
    end, table = certificate_end.c, application_certificate.c
    new = given_rows(dialect, (table.id, end.works_from, end.expires_at, table.last_used_at))
    is_news = or_(
        end.certificate_id.is_(None),
        end.works_from < new.c.works_from,
        end.expires_at < new.c.last_used_at,
    )
    rows = new.join(application_certificate, table.id == new.c.id).outerjoin(
        certificate_end, end.certificate_id == new.c.id
    )
    known = select(new.c.id, new.c.works_from, new.c.expires_at).select_from(rows).where(is_news)
    added = insert_into(dialect, certificate_end).from_select(
        ["certificate_id", "works_from", "expires_at"], known
    )
    return added.on_conflict_do_update(
        index_elements=[end.certificate_id],
        set_={"works_from": added.excluded.works_from, "expires_at": added.excluded.expires_at},
    )
