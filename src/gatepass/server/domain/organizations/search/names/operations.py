"""Searching by the index of names, and keeping it up to date.

The index follows the audit trail, of which every change of an organization writes an entry in its
transaction, also in a server of the version before. What changed after the entry up to which the
blocks are right is compared itself, so the answer of a search is right at any time.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from uuid import UUID

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.search.model import Position, Wanted
from gatepass.server.domain.organizations.search.names import grams, model, store
from gatepass.server.domain.organizations.search.names.model import Block
from gatepass.server.domain.organizations.search.names.store import Progress
from gatepass.server.storage.database import Connection, Database

_MOST_COMPARED = 200  # organizations that a search compares itself
_AT_ONCE = 100  # entries that one step brings into the blocks
_MOST_FOLLOWED = 1000  # entries; where there are more, as after an import, all is filled again
_FILLED_AT_ONCE = 1024  # organizations, in about 30 ms
_UNNOTED = 500  # entries of other things, after which the index says that it has seen them
_MOST_CHOSEN = 500  # blocks that are looked up; of more, all are read until there are enough
_FIRST_BLOCKS = 8  # that a search reads; each time that these do not suffice, twice as many


def find(
    database: Database,
    connection: Connection,
    wanted: Wanted,
    after: Position | None,
    limit: int,
) -> list[Organization] | None:
    """Return organizations as the list does, found by the index; None where it is not ready."""
    changed = _changed(database, connection)
    if changed is None:
        return None
    operating = organizations.find_operating(database, connection)
    left_out = {operating, *changed}
    compared = _read(connection, changed, wanted, after)
    indexed = _indexed(connection, wanted, after)
    wanted_ids = (each for each in indexed if each not in left_out)
    found: list[Organization] = []
    while len(found) < limit and (some := list(islice(wanted_ids, limit))):
        found += _read(connection, some, wanted, after)
    found += (each for each in compared if each.id != operating)
    found.sort(key=_position, reverse=True)
    return found[:limit]


def _changed(database: Database, connection: Connection) -> set[UUID] | None:
    """Return which organizations have changed since; None where the blocks have not all."""
    if not database.has(connection, store.REVISION):
        return None
    progress = store.find_progress(connection)
    if progress is None or progress.filled_to or progress.audit_id > audit.newest(connection):
        return None
    entries = store.changed_after(connection, progress.audit_id, _MOST_COMPARED + 1)
    return None if len(entries) > _MOST_COMPARED else {org_id for _, org_id in entries}


def _indexed(connection: Connection, wanted: Wanted, after: Position | None) -> Iterator[UUID]:
    """Yield the organizations that the blocks have, the newest first.

    In the first block there may be some from before the position.
    """
    limit, before = _FIRST_BLOCKS, None
    numbers: set[int] | None = store.candidates(connection, wanted.text)
    if numbers is not None and len(numbers) > _MOST_CHOSEN:
        numbers = None
    while True:
        blocks = store.matching(connection, wanted, numbers, after, before, limit)
        for each in blocks:
            yield from model.matching(each, wanted)
        if len(blocks) < limit:
            return
        before, limit = Position(blocks[-1].at, blocks[-1].org_id), 2 * limit


def _read(
    connection: Connection, ids: Collection[UUID], wanted: Wanted, after: Position | None
) -> list[Organization]:
    """Return those of the organizations that are wanted and come after a position."""
    if not ids:
        return []
    return [
        each
        for each in organizations.find_many(connection, ids)
        if model.has_text(each, wanted.text)
        and (after is None or _position(each) < after)
        and (wanted.state is None or (wanted.state == "suspended") == bool(each.suspended_at))
    ]


def _position(found: Organization) -> Position:
    return Position(found.created_at, found.id)


def step(database: Database) -> bool:
    """Bring the index up to date, or nearer to that; return whether there is more to do.

    A step is one short transaction, as other writers wait for it. Does nothing on the tables of
    the version before.
    """
    with database.read() as connection:
        if not database.has(connection, store.REVISION) or not _is_behind(connection):
            return False
    with database.write() as connection:  # another process may have been faster
        newest = audit.newest(connection)
        progress = store.find_progress(connection)
        if progress is None or progress.audit_id > newest:
            return _start(connection, newest)
        if progress.filled_to:
            return _fill(connection, progress.audit_id, progress.filled_to)
        return _follow(connection, progress.audit_id, newest)


def _is_behind(connection: Connection) -> bool:
    progress = store.find_progress(connection)
    if progress is None or progress.filled_to:
        return True
    distance = audit.newest(connection) - progress.audit_id
    if not 0 <= distance <= _UNNOTED:
        return True
    return bool(store.changed_after(connection, progress.audit_id, 1))


def _start(connection: Connection, newest: int) -> bool:
    store.remove_all(connection)
    return _fill(connection, newest, model.START)


def _fill(connection: Connection, audit_id: int, filled_to: Position) -> bool:
    """Add blocks of the organizations after a position."""
    some = store.organizations_after(connection, filled_to, _FILLED_AT_ONCE)
    is_first = filled_to == model.START
    if some or is_first:
        first = model.START if is_first else _position(some[0])
        _add(connection, model.blocks(first, some, store.new_numbers(connection)))
    is_all = len(some) < _FILLED_AT_ONCE
    store.put_progress(connection, Progress(audit_id, None if is_all else _position(some[-1])))
    return True  # others may have changed meanwhile


def _follow(connection: Connection, audit_id: int, newest: int) -> bool:
    """Write the blocks again in which an organization has changed."""
    entries = store.changed_after(connection, audit_id, _MOST_FOLLOWED + 1)
    if len(entries) > _MOST_FOLLOWED:
        return _start(connection, newest)
    some = entries[:_AT_ONCE]
    changed = organizations.find_many(connection, {org_id for _, org_id in some})
    for first in {store.block_of(connection, _position(each)) for each in changed}:
        if first is not None:
            _write_again(connection, first)
    has_more = len(entries) > len(some)
    store.put_progress(connection, Progress(some[-1][0] if has_more else newest, None))
    return has_more


def _write_again(connection: Connection, first: Position) -> None:
    own = store.organizations_of(connection, first)
    numbers = store.new_numbers(connection)
    same = store.take(connection, first)
    _add(connection, model.blocks(first, own, chain([same], numbers), model.MOST))


def _add(connection: Connection, new: Sequence[Block]) -> None:
    store.add(connection, new)
    marks = (grams.marks(each.number, model.lines(each)) for each in new)
    store.mark(connection, chain.from_iterable(marks))
