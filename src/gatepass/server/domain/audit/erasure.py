"""Erases what entries of the audit trail say of a person; the chain over them stays whole."""

import json
import re
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.chain import model
from gatepass.server.domain.audit.chain import store as chain
from gatepass.server.domain.audit.chain.model import Stored
from gatepass.server.domain.audit.model import ERASURE, Actor, Entry
from gatepass.server.domain.context import Context

_AT_ONCE = 1000  # entries that are read, or changed, in one transaction

Names = Callable[[str], bool]


class Erasable(NamedTuple):
    """An entry with the fields that are to be erased."""

    number: int
    fields: frozenset[str]


def find(context: Context, names: Collection[str]) -> list[Erasable]:
    """Return the entries that name a person by one of `names` (username, email addresses).

    Of what the person did, that is who and from where; of what was done to them, whom and the
    details; and every field that has one of the names in it.
    """
    found, after = list[Erasable](), 0
    while True:
        part, last = find_part(context, names, after, _AT_ONCE)
        found += part
        if last is None:
            return found
        after = last


def find_part(
    context: Context, names: Collection[str], after: int, limit: int
) -> tuple[list[Erasable], int | None]:
    """Return what `find` does of `limit` entries after one, and the last of them.

    There is no last one where there are no more entries.
    """
    is_named = _matcher(names)
    with context.database.read() as connection:
        entries = store.stored_after(connection, after, limit)
    fields = ((each.id, frozenset(_fields(each, is_named))) for each in entries)
    found = [Erasable(number, names_of) for number, names_of in fields if names_of]
    return found, entries[-1].id if len(entries) == limit else None


def erase(context: Context, by: Actor, found: Iterable[Erasable], reason: str = "") -> int:
    """Erase the fields that `find` found; return of how many entries there are that say so.

    Each transaction adds an entry with the number of erased ones, and nothing of the person.
    """
    waiting, written = list(found), 0
    for start in range(0, len(waiting), _AT_ONCE):
        part = {each.number: each.fields for each in waiting[start : start + _AT_ONCE]}
        with context.database.write() as connection:
            entries = store.stored(connection, part)  # some may be too old by now
            has_chain = context.database.has(connection, chain.REVISION)
            links = chain.links_of(connection, entries) if has_chain else {}
            number = store.record_numbered(connection, _entry(context, by, len(entries), reason))
            for each in entries:
                store.erase(connection, each, part[each])
                link = links.get(each)
                if link is not None:
                    salts = model.without(link, part[each])
                    chain.erase(connection, link.number, salts, number)
            written += 1
    return written


def _entry(context: Context, by: Actor, entries: int, reason: str) -> Entry:
    who = {"operator": by.operator, "claim": by.claim, "reason": reason}
    detail = {"entries": str(entries)} | {name: text for name, text in who.items() if text}
    return Entry(context.now(), None, by.name, ERASURE, source=by.source, detail=detail)


def _fields(entry: Stored, is_named: Names) -> set[str]:
    found = {
        name
        for name, text in zip(model.PERSONAL, entry.personal(), strict=True)
        if is_named(_words(text) if name == "detail" else text)
    }
    if "actor" in found:
        found.add("source")
    if "subject" in found and entry.detail != "{}":
        found.add("detail")
    return found


def _words(detail: str) -> str:
    """Return the values of a detail, without the escapes of its text."""
    try:
        return "\n".join(map(str, json.loads(detail).values()))
    except (ValueError, AttributeError):
        return detail


def _matcher(names: Collection[str]) -> Names:
    """Return whether a text has one of the names as a word, in upper or lower case."""
    either = "|".join(re.escape(name) for name in names)
    pattern = re.compile(rf"(?<![\w.@+-])(?:{either})(?![\w@+-]|\.\w)", re.IGNORECASE)
    return lambda text: pattern.search(text) is not None
