"""Names of organizations in blocks, in the order of their list. Pure.

The database seeks a part of a name in 32 names by one comparison, and only in those blocks that may
have it (`grams`). To have each name's own trigrams would be twenty rows for each name.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.names import comparable
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.search.model import Position, Wanted
from gatepass.server.storage.timestamps import EPOCH

SIZE = 32  # of a block when it is made: PostgreSQL compresses rows of more than 2,000 bytes
MOST = 48  # of a block that others were added to; then it is divided
START = Position(EPOCH, UUID(int=0))
"""The position of the first block: no organization comes before it."""

SUSPENDED = "\x01"
"""Where the line of a suspended organization begins; no name has this character."""

_SPELLINGS = "\t"
_BETWEEN = re.compile(f"[\n{_SPELLINGS}{SUSPENDED}]")
_SEPARATORS = {ord(each): " " for each in f"\n{_SPELLINGS}{SUSPENDED}"}
_ID = 16  # bytes


class Block(NamedTuple):
    """The organizations from a position to that of the next block, the oldest first."""

    at: datetime
    org_id: UUID
    number: int
    suspended: str  # a line for each that is suspended
    names: str  # a line for each
    ids: bytes  # of each, in the same order


def spellings(text: str) -> tuple[str, ...]:
    """Return the forms in which a part of a name is the same as another, of which one suffices.

    Without upper and lower case; and without compatibility forms, which may join what were two
    characters of the name.
    """
    line = text.translate(_SEPARATORS)
    return tuple(dict.fromkeys((line.casefold(), comparable(line))))


def has_text(organization: Organization, text: str) -> bool:
    """Return whether the name has this part."""
    return _has(_SPELLINGS.join(spellings(organization.name)), spellings(text))


def blocks(
    first: Position, organizations: Sequence[Organization], numbers: Iterator[int], most: int = SIZE
) -> list[Block]:
    """Return organizations, the oldest first, as blocks of which the first one begins at `first`.

    There is always one, which may be empty; up to `most` organizations are one.
    """
    size = max(len(organizations), 1) if len(organizations) <= most else SIZE
    parts = [organizations[n : n + size] for n in range(0, len(organizations), size)] or [()]
    starts = [first, *(Position(part[0].created_at, part[0].id) for part in parts[1:])]
    return [_block(*each) for each in zip(starts, parts, numbers, strict=False)]


def _block(first: Position, organizations: Sequence[Organization], number: int) -> Block:
    rows = [
        (SUSPENDED if each.suspended_at else "") + _SPELLINGS.join(spellings(each.name))
        for each in organizations
    ]
    suspended = "\n".join(each for each in rows if each.startswith(SUSPENDED))
    ids = b"".join(each.id.bytes for each in organizations)
    return Block(*first, number, suspended, "\n".join(rows), ids)


def lines(of: Block) -> list[str]:
    """Return every spelling of every name of a block."""
    return re.split(_BETWEEN, of.names)


def matching(of: Block, wanted: Wanted) -> Iterator[UUID]:
    """Yield the organizations of a block that are wanted, the newest first."""
    sought, state = spellings(wanted.text), wanted.state
    rows = of.names.split("\n")
    for number in range(len(of.ids) // _ID - 1, -1, -1):
        line = rows[number]
        if _has(line, sought) and (not state or line.startswith(SUSPENDED) == (state != "active")):
            yield UUID(bytes=of.ids[_ID * number : _ID * (number + 1)])


def _has(line: str, sought: tuple[str, ...]) -> bool:
    return any(each in line for each in sought)
