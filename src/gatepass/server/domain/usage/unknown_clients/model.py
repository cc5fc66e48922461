"""How near two client ids are, and which ids a mistyped one may have been. Pure."""

from collections.abc import Iterator
from string import ascii_letters, digits

from gatepass.wire.credential import Kind, read

NEAR = 2  # edits: a character more, less or other, or two neighbours swapped
SHORTEST = 12  # characters: shorter ids, which only imports have, are near each other by chance
LONGEST = 100
_OF_OUR_FORM = range(34, 48)  # characters: 36, some more where digits are escaped, and two edits
_CHARACTERS = ascii_letters + digits + "_"


def is_comparable(client_id: str) -> bool:
    """Return whether an id is compared with others, and may be shown."""
    is_printable = client_id.isascii() and client_id.isprintable()
    return is_printable and SHORTEST <= len(client_id) <= LONGEST


def distance(one: str, other: str) -> int:
    """Return the number of edits from one id to the other; what is more than `NEAR` is `NEAR` + 1.

    A swap of two neighbours is one edit (optimal string alignment).
    """
    if abs(len(one) - len(other)) > NEAR:
        return NEAR + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, character in enumerate(one, 1):
        current = [row]
        for column, theirs in enumerate(other, 1):
            cost = int(character != theirs)
            best = min(current[-1] + 1, last[column] + 1, last[column - 1] + cost)
            if row > 1 and column > 1 and (one[row - 2], character) == (theirs, other[column - 2]):
                best = min(best, before[column - 2] + 1)
            current.append(best)
        if min(current) > NEAR:
            return NEAR + 1
        before, last = last, current
    return min(last[-1], NEAR + 1)


def one_edit_away(typed: str) -> list[str]:
    """Return the client ids of Gatepass's form from which one edit leads to what was typed.

    Their checksum is what finds them: of 5,000 candidates the wrong ones do not have it.
    """
    if len(typed) not in _OF_OUR_FORM:
        return []
    found = {text for text in _edited(typed) if _is_client_id(text)}
    return sorted(found)


def _edited(text: str) -> Iterator[str]:
    for at in range(len(text) + 1):
        before, after = text[:at], text[at:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for character in _CHARACTERS:
            yield before + character + after
            yield before + character + after[1:]


def _is_client_id(text: str) -> bool:
    recognised = read(text)
    return recognised is not None and recognised.kind is Kind.CLIENT_ID
