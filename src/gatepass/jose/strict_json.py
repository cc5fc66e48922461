"""JSON that no two readers can understand differently (RFC 8259 §4). Pure."""

from json import JSONDecoder

_SPACE = " \t\n\r"


def read_object(text: bytes) -> dict[str, object]:
    """Return the JSON object in `text`; raise ValueError, also for JSON that is no object.

    See `read` for what else is an error.
    """
    found = read(text)
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def read(text: bytes) -> object:
    """Return the JSON in `text`, which is UTF-8; raise ValueError, which never quotes the text.

    A member given twice is an error, at any depth: readers differ in which one counts. So are
    NaN and Infinity, which JSON does not have, and a name with half a surrogate pair, which
    cannot be encoded again.
    """
    try:
        content = text.decode().strip(_SPACE)
        found: object
        # Only an escape can make half a surrogate pair: UTF-8 has none.
        found, end = (_CHECKED if "\\" in content else _DECODER).raw_decode(content)
    except (ValueError, RecursionError):
        raise ValueError("not valid JSON") from None
    if end != len(content):
        raise ValueError("not valid JSON")
    return found


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _encodable(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = _distinct(pairs)
    "".join(members).encode()
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_constant)
_CHECKED = JSONDecoder(object_pairs_hook=_encodable, parse_constant=_no_constant)
