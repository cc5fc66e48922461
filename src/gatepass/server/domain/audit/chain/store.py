"""The tables of the chain: one link for each entry, and the signed checkpoints."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from operator import attrgetter

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from gatepass.server.domain.audit.chain.checkpoint import Checkpoint
from gatepass.server.domain.audit.chain.model import Link
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import insert_many

REVISION = "0030"
"""The revision of the tables that has these."""

audit_link = Table(
    "audit_link",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False),
    Column("salts", LargeBinary, nullable=False),
    Column("field_digests", LargeBinary, nullable=False),
    Column("erased_by", BigInteger),
)
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
    Column("statement", Text, nullable=False),
    Column("public_key", Text, nullable=False),
)
_NAMES = [each.name for each in fields(Link)]
_values = attrgetter(*_NAMES)
_LINK = tuple(audit_link.c[name] for name in _NAMES)
_CHECKPOINT = tuple(audit_checkpoint.c[each.name] for each in fields(Checkpoint))


def add(connection: Connection, links: Iterable[Link]) -> None:
    """Add links within the transaction of their entries."""
    insert_many(
        connection, audit_link, [dict(zip(_NAMES, _values(each), strict=True)) for each in links]
    )


def first(connection: Connection) -> Link | None:
    """Return the link with the lowest number."""
    row = connection.execute(select(*_LINK).order_by(audit_link.c.number).limit(1)).first()
    return Link(*row) if row else None


def last(connection: Connection) -> Link | None:
    """Return the link with the highest number."""
    row = connection.execute(select(*_LINK).order_by(audit_link.c.number.desc()).limit(1)).first()
    return Link(*row) if row else None


def find(connection: Connection, number: int) -> Link | None:
    """Return the link with this number."""
    row = connection.execute(select(*_LINK).where(audit_link.c.number == number)).first()
    return Link(*row) if row else None


def erasures(connection: Connection) -> dict[int, int]:
    """Return how many links say that an entry about an erasure is about them, by its number."""
    by = audit_link.c.erased_by
    query = select(by, func.count()).where(by.is_not(None), by != 0).group_by(by)
    return {row[0]: row[1] for row in connection.execute(query)}


def after(connection: Connection, number: int, limit: int) -> list[Link]:
    """Return the links after a number, in their order."""
    query = select(*_LINK).where(audit_link.c.number > number)
    rows = connection.execute(query.order_by(audit_link.c.number).limit(limit))
    return [Link(*row) for row in rows]


def digest_at(connection: Connection, number: int) -> bytes | None:
    """Return the digest of a link."""
    return connection.execute(
        select(audit_link.c.digest).where(audit_link.c.number == number)
    ).scalar()


def links_of(connection: Connection, audit_ids: Collection[int]) -> dict[int, Link]:
    """Return the links of entries, by the number of the entry."""
    rows = connection.execute(select(*_LINK).where(audit_link.c.audit_id.in_(audit_ids)))
    return {link.audit_id: link for link in (Link(*row) for row in rows)}


def erase(connection: Connection, number: int, salts: bytes, erased_by: int) -> None:
    """Replace the salts of a link by those that are left after an erasure."""
    own = audit_link.c.number == number
    connection.execute(update(audit_link).where(own).values(salts=salts, erased_by=erased_by))


def remove(connection: Connection, below: int, limit: int) -> Sequence[int]:
    """Delete the first links with numbers below `below`; return the numbers of their entries."""
    number = audit_link.c.number
    found = select(number, audit_link.c.audit_id).where(number > 0, number < below)
    rows = connection.execute(found.order_by(number).limit(limit)).all()
    if rows:
        connection.execute(delete(audit_link).where(number <= rows[-1].number))
    return [row.audit_id for row in rows]


def keep_digest_only(connection: Connection, number: int) -> int | None:
    """Let a link keep nothing of its entry; return the entry's number if it still had something."""
    own = (audit_link.c.number == number) & (audit_link.c.field_digests != b"")
    audit_id = connection.execute(select(audit_link.c.audit_id).where(own)).scalar()
    if audit_id is not None:
        connection.execute(update(audit_link).where(own).values(salts=b"", field_digests=b""))
    return audit_id


def add_checkpoint(connection: Connection, new: Checkpoint) -> None:
    """Keep a checkpoint."""
    connection.execute(insert(audit_checkpoint).values(**asdict(new)))


def last_checkpoint(connection: Connection, *, before: datetime | None = None) -> Checkpoint | None:
    """Return the newest checkpoint, or the newest that was made before a time."""
    query = select(*_CHECKPOINT).order_by(audit_checkpoint.c.number.desc()).limit(1)
    if before is not None:
        query = query.where(audit_checkpoint.c.at < before)
    row = connection.execute(query).first()
    return Checkpoint(*row) if row else None


def all_checkpoints(connection: Connection) -> list[Checkpoint]:
    """Return every checkpoint, in the order of their numbers."""
    rows = connection.execute(select(*_CHECKPOINT).order_by(audit_checkpoint.c.number))
    return [Checkpoint(*row) for row in rows]


def remove_checkpoints(connection: Connection, below: int) -> None:
    """Delete checkpoints of links that are no longer kept."""
    connection.execute(delete(audit_checkpoint).where(audit_checkpoint.c.number < below))
