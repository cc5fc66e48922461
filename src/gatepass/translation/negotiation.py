"""The language that a browser asks for, by its `Accept-Language` header (RFC 9110 §12.5.4)."""

from collections.abc import Sequence

_LONGEST = 500  # characters of the header that are read
_MOST = 20  # ranges


def choose(header: str, offered: Sequence[str]) -> str:
    """Return the one of `offered` (language tags) that the header likes best, else the first one.

    A range matches a language that it begins with, as "de-AT" matches "de" (lookup, RFC 4647
    §3.4); "*" is the first one offered. What cannot be read is passed over.
    """
    by_tag = {code.lower(): code for code in offered}
    for tag in _tags(header):
        if tag == "*":
            return offered[0]
        parts = tag.split("-")
        for length in range(len(parts), 0, -1):
            found = by_tag.get("-".join(parts[:length]))
            if found:
                return found
    return offered[0]


def _tags(header: str) -> list[str]:
    """Return the ranges, the best first; those with the same weight stay in their order."""
    weighted = []
    for part in header[:_LONGEST].split(",")[:_MOST]:
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((weight, tag.strip().lower()))
    return [tag for _, tag in sorted(weighted, key=lambda each: -each[0])]


def _weight(parameter: str) -> float:
    """Return the weight of "q=0.8"; 1 without one, 0 where it cannot be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    digits = value.strip().replace(".", "", 1)
    is_number = name.strip().lower() == "q" and digits.isascii() and digits.isdecimal()
    return min(float(value), 1.0) if is_number else 0.0
