"""A page of the feed, read in one transaction.

A snapshot has everything that is revoked now, page by page in the order of names. What changes
meanwhile is repeated by the changes that follow it, so that nothing is missed and the latest
statement counts.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes import tombstones
from gatepass.server.domain.revocations.feed import cursor as cursors
from gatepass.server.domain.revocations.feed import store
from gatepass.server.domain.revocations.feed.cursor import Cursor, Section
from gatepass.server.domain.revocations.feed.model import MATTERS
from gatepass.server.storage.database import Connection

MOST = 10_000  # entries of a page, unless a test says otherwise

_Names = Callable[[Connection, datetime, str, int], list[str]]


class Page(NamedTuple):
    """What a reader is told, and where it goes on.

    `upto` is the number of the newest change when it was read. `resets`: the reader forgets all
    earlier pages. `more`: there is more at once.
    """

    cursor: Cursor
    upto: int
    resets: bool
    more: bool
    members: str


class _Content(NamedTuple):
    cursor: Cursor
    tokens: Iterable[store.Revocation] = ()
    names: Iterable[str] = ()
    keys: Iterable[str] = ()


def read(
    connection: Connection, cursor: Cursor | None, now: datetime, issuer: str, most: int = MOST
) -> Page:
    """Read the page behind a cursor; without one, or where its place is lost, a snapshot's first.

    A place is lost when the change feed is pruned beyond it, or is another database's.
    """
    newest = changes.newest(connection)
    resets = cursor is None or not _is_known(connection, cursor, newest)
    if cursor is None or resets:
        cursor = Cursor(newest, Section.TOKENS)
    if cursor.section is Section.CHANGES:
        content = _changes(connection, cursor, most)
    else:
        content = _snapshot(connection, cursor, now, most)
    place, part, last = content.cursor
    more = part is not Section.CHANGES or last != b"" or place.seq < newest.seq
    text = _members(content, store.revocation_states(connection, content.names), now, issuer)
    return Page(content.cursor, newest.seq, resets, more, text)


def empty_page(cursor: Cursor, issuer: str) -> str:
    """Return the members of a page on which there is nothing new."""
    return _format(cursors.write(cursor, issuer), "", {}, [])


def _is_known(connection: Connection, cursor: Cursor, newest: changes.Position) -> bool:
    """Return whether everything behind a cursor's place is still kept, in this database."""
    if cursor == Cursor(newest):
        return True
    change = changes.find(connection, cursor.position.seq)
    if change is None:
        return cursor.position == newest == changes.START
    is_within = cursor.section is Section.CHANGES and cursor.last_name != b""
    return change.position == cursor.position and not (
        is_within and change.kind != changes.ORGANIZATION
    )


def _snapshot(connection: Connection, cursor: Cursor, now: datetime, most: int) -> _Content:
    place, part, last = cursor
    tokens: list[store.Revocation] = []
    names: list[str] = []
    while part is not Section.CHANGES:
        room = most - len(tokens) - len(names)
        if part is Section.TOKENS:
            tokens = store.tokens(connection, last, room)
            found = [token_id for token_id, _ in tokens]
        else:
            more = _NAMES[part](connection, now - MATTERS, last.decode(), room)
            names += more
            found = [name.encode() for name in more]
        if len(found) == room:
            return _Content(Cursor(place, part, found[-1]), tokens, names)
        part, last = _NEXT[part], b""
    keys = tombstones.deleted_names(connection, changes.KEY_GONE, "", MOST)
    return _Content(Cursor(place), tokens, names, keys)


def _changes(connection: Connection, cursor: Cursor, most: int) -> _Content:
    if cursor.last_name:
        change = changes.find(connection, cursor.position.seq)
        assert change is not None  # noqa: S101 - `_is_known` has seen it
        return _organization(connection, change, cursor.last_name.decode(), most)
    found = changes.after(connection, cursor.position.seq, most)
    content = list(takewhile(lambda change: change.kind != changes.ORGANIZATION, found))
    if found and not content:
        return _organization(connection, found[0], "", most)
    by_kind: dict[str, list[str]] = {}
    for change in content:
        by_kind.setdefault(change.kind, []).append(change.subject)
    token_ids = map(bytes.fromhex, by_kind.get(changes.REVOCATION, ()))
    app_ids = map(UUID, by_kind.get(changes.APPLICATION, ()))
    names = store.client_ids(connection, app_ids) + by_kind.get(changes.CLIENT_GONE, [])
    return _Content(
        Cursor(content[-1].position) if content else cursor,
        store.expiries(connection, token_ids),
        dict.fromkeys(names),
        by_kind.get(changes.KEY_GONE, ()),
    )


def _organization(connection: Connection, change: changes.Change, last: str, most: int) -> _Content:
    """Tell of a change that concerns all applications of an organization, in several pages."""
    names = store.of_organization(connection, UUID(change.subject), last, most)
    is_whole = len(names) < most
    return _Content(
        Cursor(change.position, last_name=b"" if is_whole else names[-1].encode()), names=names
    )


def _members(content: _Content, states: Mapping[str, int], now: datetime, issuer: str) -> str:
    after = now.timestamp()
    tokens = ",".join(
        f'"{token_id.hex()}":{expires_at}'
        for token_id, expires_at in content.tokens
        if expires_at > after
    )
    return _format(cursors.write(content.cursor, issuer), tokens, states, list(content.keys))


def _format(cursor: str, tokens: str, states: Mapping[str, int], keys: list[str]) -> str:
    """Return members of a JSON object; a token's takes 46 bytes, so it is written by hand."""
    text = json.dumps({"cursor": cursor, "applications": states, "keys": keys})
    return f'{text[1:-1]}, "tokens": {{{tokens}}}'


def _clients_gone(connection: Connection, _: datetime, after: str, limit: int) -> list[str]:
    return tombstones.deleted_names(connection, changes.CLIENT_GONE, after, limit)


_NAMES: Mapping[Section, _Names] = {
    Section.APPLICATIONS: store.revoked_applications,
    Section.ORGANIZATIONS: store.suspended_applications,
    Section.CLIENTS: _clients_gone,
}
_NEXT: Mapping[Section, Section] = {
    Section.TOKENS: Section.APPLICATIONS,
    Section.APPLICATIONS: Section.ORGANIZATIONS,
    Section.ORGANIZATIONS: Section.CLIENTS,
    Section.CLIENTS: Section.CHANGES,
}
