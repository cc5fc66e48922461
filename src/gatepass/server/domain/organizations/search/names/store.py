"""The tables of the index: blocks of names, what is in which, and up to where they are right."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, count
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    delete,
    func,
    or_,
    select,
    tuple_,
)

from gatepass.server.domain.audit.store import audit
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.search.model import Position, Wanted
from gatepass.server.domain.organizations.search.names.grams import (
    Mark,
    common,
    read,
    sought,
    write,
)
from gatepass.server.domain.organizations.search.names.model import Block, spellings
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_into, insert_many, upsert

REVISION = "0032"
"""The revision of the tables that has these."""

_ACTIONS = (
    "organization.created",
    "organization.renamed",
    "organization.suspended",
    "organization.resumed",
)
_ONLY = 1

name_block = Table(
    "organization_name_block",
    metadata,
    Column("first_at", Timestamp, primary_key=True),
    Column("first_id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("suspended", Text, nullable=False),
    Column("names", Text, nullable=False),
    Column("ids", LargeBinary, nullable=False),
)
name_gram = Table(
    "organization_name_gram",
    metadata,
    Column("gram", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    Column("blocks", LargeBinary, nullable=False),
)
name_index = Table(
    "organization_name_index",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("audit_id", BigInteger, nullable=False),
    Column("filled_at", Timestamp),
    Column("filled_id", Uuid),
)
"""Up to which entry of the audit trail the blocks are right; up to where they are filled so far."""

_FIRST = (name_block.c.first_at, name_block.c.first_id)
_KEY = (organization.c.created_at, organization.c.id)


class Progress(NamedTuple):
    """Up to where the blocks are right; `filled_to` is None when they have every organization."""

    audit_id: int
    filled_to: Position | None


def find_progress(connection: Connection) -> Progress | None:
    """Return up to where the blocks are right; None before there is any."""
    query = select(name_index.c.audit_id, name_index.c.filled_at, name_index.c.filled_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Progress(row[0], None if row[1] is None else Position(row[1], row[2]))


def put_progress(connection: Connection, progress: Progress) -> None:
    """Store up to where the blocks are right."""
    at, org_id = progress.filled_to or (None, None)
    values = {"audit_id": progress.audit_id, "filled_at": at, "filled_id": org_id}
    upsert(connection, name_index, id=_ONLY, **values)


def changed_after(connection: Connection, audit_id: int, limit: int) -> list[tuple[int, UUID]]:
    """Return the entries after one that are about name or state of an organization.

    Each server writes one with the change, also one of the version before, which knows no blocks.
    """
    query = (
        select(audit.c.id, audit.c.org_id)
        .where(audit.c.id > audit_id, audit.c.action.in_(_ACTIONS), audit.c.org_id.is_not(None))
        .order_by(audit.c.id)
        .limit(limit)
    )
    return [(number, org_id) for number, org_id in connection.execute(query)]


def organizations_after(
    connection: Connection, position: Position, limit: int
) -> list[Organization]:
    """Return the organizations that come after a position, the oldest first."""
    query = select(organization).where(tuple_(*_KEY) > _bound(position, _KEY))
    rows = connection.execute(query.order_by(*_KEY).limit(limit))
    return [Organization(*row) for row in rows]


def block_of(connection: Connection, position: Position) -> Position | None:
    """Return the position of the block in which an organization is, or is to be."""
    query = select(*_FIRST).where(tuple_(*_FIRST) <= _bound(position, _FIRST))
    row = connection.execute(query.order_by(*(each.desc() for each in _FIRST)).limit(1)).first()
    return Position(*row) if row else None


def organizations_of(connection: Connection, first: Position) -> list[Organization]:
    """Return the organizations that belong to the block of this position, the oldest first."""
    later = select(*_FIRST).where(tuple_(*_FIRST) > _bound(first, _FIRST))
    end = connection.execute(later.order_by(*_FIRST).limit(1)).first()
    query = select(organization).where(tuple_(*_KEY) >= _bound(first, _KEY))
    if end:
        query = query.where(tuple_(*_KEY) < _bound(Position(*end), _KEY))
    return [Organization(*row) for row in connection.execute(query.order_by(*_KEY))]


def remove_all(connection: Connection) -> None:
    """Delete every block."""
    connection.execute(delete(name_block))
    connection.execute(delete(name_gram))


def new_numbers(connection: Connection) -> Iterator[int]:
    """Return numbers that no block has."""
    newest = connection.execute(select(func.max(name_block.c.number))).scalar()
    return count(0 if newest is None else newest + 1)


def take(connection: Connection, first: Position) -> int:
    """Delete a block; return its number."""
    at, org_id = first
    own = (name_block.c.first_at == at) & (name_block.c.first_id == org_id)
    number: int = connection.execute(select(name_block.c.number).where(own)).scalar_one()
    connection.execute(delete(name_block).where(own))
    return number


def add(connection: Connection, blocks: Iterable[Block]) -> None:
    """Add blocks."""
    names = name_block.c.keys()
    insert_many(connection, name_block, [dict(zip(names, each, strict=True)) for each in blocks])


def mark(connection: Connection, marks: Iterable[tuple[Mark, int]]) -> None:
    """Add bits to what the parts of names are in; bits that are not true any more may stay."""
    new: dict[Mark, int] = {}
    for key, bit in marks:
        new[key] = new.get(key, 0) | bit
    known = _masks(connection, {part for part, _ in new}, {segment for _, segment in new})
    rows = [
        {"gram": key[0], "segment": key[1], "blocks": write(known.get(key, 0) | mask)}
        for key, mask in new.items()
        if known.get(key, 0) | mask != known.get(key)
    ]
    if rows:
        insertion = insert_into(connection.dialect.name, name_gram)
        blocks = {"blocks": insertion.excluded.blocks}
        key_columns = name_gram.primary_key.columns
        connection.execute(
            insertion.on_conflict_do_update(index_elements=key_columns, set_=blocks), rows
        )


def candidates(connection: Connection, text: str) -> set[int]:
    """Return the numbers of the blocks in which a text can be."""
    parts = [sought(each) for each in spellings(text)]
    masks = _masks(connection, set(chain.from_iterable(parts)))
    return set().union(*(common(masks, each) for each in parts))


def _masks(
    connection: Connection, parts: Iterable[int], segments: Iterable[int] = ()
) -> dict[Mark, int]:
    given = given_rows(connection.dialect.name, [name_gram.c.gram])
    query = select(name_gram).where(name_gram.c.gram.in_(select(given.c.gram)))
    if segments:
        query = query.where(name_gram.c.segment.in_(segments))
    rows = connection.execute(query, {"rows": as_rows((each,) for each in parts)})
    return {(part, segment): read(blocks) for part, segment, blocks in rows}


def matching(
    connection: Connection,
    wanted: Wanted,
    numbers: Collection[int] | None,
    after: Position | None,
    before: Position | None,
    limit: int,
) -> list[Block]:
    """Return blocks with a text in a name, the newest first; of these numbers alone, if given.

    They are those in which organizations come after the position `after` of the list, or the
    blocks before that of the position `before`.
    """
    contains = func.instr if connection.dialect.name == "sqlite" else func.strpos
    is_of_suspended = wanted.state == "suspended"
    names = name_block.c.suspended if is_of_suspended else name_block.c.names
    parameters = {}
    query = select(name_block)
    if numbers is not None:
        given = given_rows(connection.dialect.name, [name_block.c.number])
        query = query.where(name_block.c.number.in_(select(given.c.number)))
        parameters["rows"] = as_rows((each,) for each in numbers)
    query = query.where(or_(*(contains(names, each) > 0 for each in spellings(wanted.text))))
    if before is not None:
        query = query.where(tuple_(*_FIRST) < _bound(before, _FIRST))
    elif after is not None:
        query = query.where(tuple_(*_FIRST) <= _bound(after, _FIRST))
    ordered = query.order_by(*(each.desc() for each in _FIRST)).limit(limit)
    return [Block(*row) for row in connection.execute(ordered, parameters)]


def _bound(
    position: Position, columns: Sequence[ColumnElement[datetime] | ColumnElement[UUID]]
) -> ColumnElement[tuple[object, ...]]:
    return tuple_(*position, types=[each.type for each in columns])
